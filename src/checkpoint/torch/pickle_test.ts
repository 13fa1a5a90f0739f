import { expect, test } from "bun:test";
import { allowedGlobal } from "./globals.ts";
import { loadPickle, PickleGlobal, PickleObject } from "./pickle.ts";
import { PickleEnds, PickleFault } from "./pickle_cursor.ts";
import { op, pickle } from "./testing.ts";

const hooks = { global: allowedGlobal, persistent: (id: unknown) => ({ id }) };
const load = (bytes: Uint8Array) => loadPickle(bytes, 0, hooks).value;
const fromHex = (hex: string) => Uint8Array.from(hex.match(/../g)!, (byte) => parseInt(byte, 16));

// pickle.dumps of one value by CPython 3.11, in each protocol.
const written: Record<number, string> = {
  2: "80027d71002858010000006971015d7102284b004affffffff4bff4d00014a000001004a000000808a0500000080008a07000000000000208a090000000000000000c06558010000006671035d710428473fb999999999999a47fff0000000000000655801000000747105284b014b024b038671064b044b054b06877107284b074b084b094b0a74710829747109580100000073710a58090000007765696768742ec3a9710b580100000062710c635f636f646563730a656e636f64650a710d580300000000c3bf710e58060000006c6174696e31710f86711052711158010000006e71124e58010000007971135d71142888896558030000007365747115635f5f6275696c74696e5f5f0a7365740a71165d71174b016185711852711958010000006f711a63636f6c6c656374696f6e730a4f726465726564446963740a711b2952711c28580100000061711d4b01680c5d711e75580400000073616d65711f681c752e",
  3: "80037d71002858010000006971015d7102284b004affffffff4bff4d00014a000001004a000000808a0500000080008a07000000000000208a090000000000000000c06558010000006671035d710428473fb999999999999a47fff0000000000000655801000000747105284b014b024b038671064b044b054b06877107284b074b084b094b0a74710829747109580100000073710a58090000007765696768742ec3a9710b580100000062710c430200ff710d58010000006e710e4e580100000079710f5d71102888896558030000007365747111636275696c74696e730a7365740a71125d71134b016185711452711558010000006f711663636f6c6c656374696f6e730a4f726465726564446963740a7117295271182858010000006171194b01680c5d711a75580400000073616d65711b6818752e",
  4: "800495e9000000000000007d94288c0169945d94284b004affffffff4bff4d00014a000001004a000000808a0500000080008a07000000000000208a090000000000000000c0658c0166945d9428473fb999999999999a47fff0000000000000658c017494284b014b024b0386944b044b054b068794284b074b084b094b0a74942974948c0173948c097765696768742ec3a9948c016294430200ff948c016e944e8c0179945d94288889658c03736574948f94284b01908c016f948c0b636f6c6c656374696f6e73948c0b4f72646572656444696374949394295294288c0161944b01680c5d94758c0473616d65946817752e",
  5: "800595e9000000000000007d94288c0169945d94284b004affffffff4bff4d00014a000001004a000000808a0500000080008a07000000000000208a090000000000000000c0658c0166945d9428473fb999999999999a47fff0000000000000658c017494284b014b024b0386944b044b054b068794284b074b084b094b0a74942974948c0173948c097765696768742ec3a9948c016294430200ff948c016e944e8c0179945d94288889658c03736574948f94284b01908c016f948c0b636f6c6c656374696f6e73948c0b4f72646572656444696374949394295294288c0161944b01680c5d94758c0473616d65946817752e",
};
for (const [protocol, hex] of Object.entries(written)) {
  test(`loadPickle() reads what Python writes in protocol ${protocol}`, () => {
    const value = load(fromHex(hex)) as Map<string, unknown>;
    const dict = new Map<string, unknown>([["a", 1], ["b", []]]);
    expect([...value]).toEqual([
      ["i", [0, -1, 255, 256, 65536, -(2 ** 31), 2 ** 31, 2n ** 53n, -(2n ** 70n)]],
      ["f", [0.1, -Infinity]],
      ["t", [1, [2, 3], [4, 5, 6], [7, 8, 9, 10], []]],
      ["s", "weight.é"],
      ["b", Uint8Array.of(0, 255)],
      ["n", null],
      ["y", [true, false]],
      ["set", new Set([1])],
      ["o", dict],
      ["same", dict],
    ]);
    expect(value.get("same")).toBe(value.get("o"));
  });
}

test("loadPickle() keeps an argparse.Namespace as its attributes", () => {
  const hex =
    "8004955d000000000000008c086172677061727365948c094e616d6573706163659493942981947d94288c026c7294473fe00000000000008c056d6f64656c948c0462656974948c" +
    "056265746173945d9428473feccccccccccccd473fef5c28f5c28f5c6575622e";
  const value = load(fromHex(hex)) as PickleObject;
  expect(value).toBeInstanceOf(PickleObject);
  expect([value.className, [...value.attributes]]).toEqual(["argparse.Namespace", [["lr", 0.5], ["model", "beit"], ["betas", [
    0.9,
    0.98,
  ]]]]);
});

test("loadPickle() starts and ends where it is told", () => {
  const two = Uint8Array.from([...pickle(op.text("one")), ...pickle(op.text("two"))]);
  const first = loadPickle(two, 0, hooks);
  expect([first.value, loadPickle(two, first.end, hooks)]).toEqual(["one", { value: "two", end: two.length }]);
});

test("loadPickle() passes persistent ids and Python 2 strings on", () => {
  expect(load(pickle(op.persistent([0x55, 1, 0xe9], op.int(3))))).toEqual({ id: ["é", 3] });
});

test("numpy scalars, sizes, devices and dtypes become plain values", () => {
  const encoded = (text: string) => op.call(op.global("_codecs", "encode"), op.text(text), op.text("latin1"));
  const dtype = (code: string, order = "<") => [
    ...op.call(op.global("numpy", "dtype"), op.text(code), [0x89], [0x88]),
    ...op.tuple(op.int(3), op.text(order), op.none, op.none),
    0x62,
  ];
  const scalar = (code: string, text: string, order?: string) =>
    op.call(op.global("numpy.core.multiarray", "scalar"), dtype(code, order), encoded(text));
  expect(load(pickle(scalar("f8", "\0\0\0\0\0\0\xf8\x3f")))).toBe(1.5);
  expect(load(pickle(scalar("i8", "\xfe\xff\xff\xff\xff\xff\xff\xff")))).toBe(-2);
  expect(load(pickle(scalar("b1", "\x01", "|")))).toBe(true);
  expect(() => load(pickle(scalar("f8", "\0\0\0\0\0\0\xf8\x3f", ">")))).toThrow("a numpy scalar of type >f8");
  expect(() => load(pickle(scalar("f8", "\0")))).toThrow("a numpy scalar of type <f8");
  expect(load(pickle(op.call(op.global("torch", "Size"), op.tuple(op.int(2), op.int(3)))))).toEqual([2, 3]);
  expect(load(pickle(op.call(op.global("torch", "device"), op.text("cuda"), op.int(1))))).toBe("cuda:1");
  expect(load(pickle(op.global("torch", "float16")))).toBeInstanceOf(PickleGlobal);
});

const planted: [string, Uint8Array, string][] = [
  ["os.system by GLOBAL", pickle(op.call(op.global("os", "system"), op.text("touch planted"))), "wants os.system"],
  ["posix.system by STACK_GLOBAL", pickle(op.text("posix"), op.text("system"), [0x93]), "wants posix.system"],
  ["eval", pickle(op.call(op.global("__builtin__", "eval"), op.text("1"))), "wants __builtin__.eval"],
  ["a module's code", pickle(op.global("torch.nn.modules.linear", "Linear")), "wants torch.nn.modules.linear.Linear"],
  ["an attribute of an allowed name", pickle(op.global("torch", "Size.__class__")), "wants torch.Size.__class__"],
  ["a name of JavaScript's", pickle(op.global("constructor", "constructor")), "wants constructor.constructor"],
];
for (const [what, bytes, reason] of planted) {
  test(`a pickle that wants ${what} is refused by name`, () => {
    expect(() => load(bytes)).toThrow(PickleFault);
    expect(() => load(bytes)).toThrow(reason);
  });
}

const tooMuch = () => Uint8Array.from({ length: 2_000_100 }, (_, i) => i === 0 ? 0x80 : i === 1 ? 2 : 0x29);
const refused: [string, () => Uint8Array, RegExp][] = [
  ["an opcode of protocol 0", () => pickle([0x49, 0x31, 10]), /byte 2 of the pickle: opcode 0x49 is not one that torch writes/],
  ["an extension", () => pickle([0x82, 1]), /opcode 0x82/],
  ["a protocol of the future", () => Uint8Array.of(0x80, 6, 0x4e, 0x2e), /protocol 6, known are 2 to 5/],
  ["an empty stack", () => pickle([]), /takes a value from an empty stack/],
  ["a pop through a mark", () => pickle([0x28, 0x30]), /empty stack/],
  ["a tuple without a mark", () => pickle([0x4e, 0x74]), /a mark is missing/],
  ["an empty memo", () => pickle([0x68, 7]), /memo 7 is empty/],
  ["an append to a text", () => pickle(op.text("a"), op.none, [0x61]), /appends to a text/],
  ["items of a list", () => pickle([0x5d], op.none, op.none, [0x73]), /sets items of a list/],
  ["a key without a value", () => pickle([0x7d, 0x28], op.none, [0x75]), /an item without a value/],
  ["a call of a text", () => pickle(op.call(op.text("system"), op.none)), /calls a text/],
  ["a call of a bare name", () => pickle(op.call(op.global("torch", "Tensor"), op.none)), /calls torch.Tensor, which is only a name here/],
  ["a call without a tuple", () => pickle(op.global("torch", "Size"), op.none, [0x52]), /calls torch.Size with None instead of a tuple/],
  ["a state for a list", () => pickle([0x5d, 0x7d, 0x62]), /sets the state of a list/],
  ["a text longer than the pickle", () => Uint8Array.of(0x80, 2, 0x58, 0xff, 0xff, 0xff, 0xff), /4294967295 bytes wanted, 0 left/],
  ["a length beyond counting", () => Uint8Array.of(0x80, 2, 0x8d, 0, 0, 0, 0, 0, 0, 0, 0xff), /a length of 18374686479671623680/],
  ["an endless integer", () => Uint8Array.of(0x80, 2, 0x8b, 0xff, 0xff, 0xff, 0x7f), /an integer of 2147483647 bytes/],
  ["a text that is not UTF-8", () => Uint8Array.of(0x80, 2, 0x8c, 1, 0xff, 0x2e), /not UTF-8/],
  ["more operations than a checkpoint has", tooMuch, /more than 2000000 operations/],
];
for (const [what, bytes, reason] of refused) {
  test(`loadPickle() refuses ${what}`, () => {
    const damaged = bytes();
    expect(() => load(damaged)).toThrow(PickleFault);
    expect(() => load(damaged)).toThrow(reason);
  });
}

test("loadPickle() says of every beginning of a pickle that it goes on", () => {
  const whole = fromHex(written[4]);
  for (let length = 0; length < whole.length; length++) expect(() => load(whole.subarray(0, length))).toThrow(PickleEnds);
});
