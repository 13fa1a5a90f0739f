import { expect, test } from "bun:test";
import { CheckpointError, LimitError } from "../../errors.ts";
import { type Initializer, onnxBytes, type OnnxModel } from "./model.ts";
import { Message, varint } from "./protobuf.ts";

const bytesOf = (message: Message) => message.pieces.flatMap((piece) => [...piece as Uint8Array]);
const text = (letters: string) => [...new TextEncoder().encode(letters)];

test("varint() has seven bits a byte, and ten bytes for a negative number", () => {
  expect([...varint(0)]).toEqual([0]);
  expect([...varint(127)]).toEqual([0x7f]);
  expect([...varint(150)]).toEqual([0x96, 0x01]); // the example of the encoding's description
  expect([...varint(2 ** 31)]).toEqual([0x80, 0x80, 0x80, 0x80, 0x08]);
  expect([...varint(-1)]).toEqual([...Array(9).fill(0xff), 0x01]);
});

test("a message holds its fields in order, and those of nested messages behind their size", () => {
  expect(bytesOf(new Message().int(1, 150))).toEqual([0x08, 0x96, 0x01]);
  expect(bytesOf(new Message().text(2, "testing"))).toEqual([0x12, 7, ...text("testing")]);
  expect(bytesOf(new Message().float(2, 1))).toEqual([0x15, 0, 0, 0x80, 0x3f]);
  expect(bytesOf(new Message().ints(20, [3, 270]))).toEqual([0xa2, 0x01, 3, 3, 0x8e, 0x02]);
  const outer = new Message().message(3, new Message().int(1, 150)).text(4, "é");
  expect(bytesOf(outer)).toEqual([0x1a, 3, 0x08, 0x96, 0x01, 0x22, 2, 0xc3, 0xa9]);
  expect(outer.length).toBe(9);
});

const model = (...initializers: Initializer[]): OnnxModel => ({
  name: "large.onnx",
  opset: 17,
  nodes: [],
  initializers,
  inputs: [],
  outputs: [],
  metadata: {},
});

test("a file of 2 GiB is refused by name before any weight is read", async () => {
  const never = () => Promise.reject(new Error("was read"));
  const refused = onnxBytes(model({ name: "a", shape: [2 ** 14, 2 ** 14], float: never }, { name: "b", shape: [2 ** 28], float: never }));
  await expect(refused).rejects.toThrow(LimitError);
  await expect(refused).rejects.toThrow(
    /^large.onnx: the ONNX file would have 21474\d+ bytes, protobuf allows 2147483647; export a smaller/,
  );
});

test("weights of another size than their shape are refused, not written", async () => {
  const short = onnxBytes(model({ name: "a", shape: [3], float: () => Promise.resolve(new Float32Array(2)) }));
  await expect(short).rejects.toThrow(CheckpointError);
  await expect(short).rejects.toThrow(/8 bytes, its shape needs 12/);
});
