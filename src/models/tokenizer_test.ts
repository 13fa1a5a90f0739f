import { afterAll, expect, test } from "bun:test";
import { CpuDevice } from "../devices/cpu.ts";
import { DataError, RecipeError, ShapeError } from "../errors.ts";
import { input } from "../graph.ts";
import { parameters } from "../nn/parameters.ts";
import { compile } from "../program.ts";
import { checkTokens, tokenizer, tokenizerConfig, tokenizerPresets } from "./tokenizer.ts";

const device = await CpuDevice.open({ threads: 1 });
afterAll(() => device.destroy());

const count = (name: string) => {
  const { params } = tokenizer(tokenizerConfig(tokenizerPresets[name]));
  return (part: string) =>
    Object.entries(params).filter(([key]) => key.startsWith(part)).reduce((sum, [, { shape }]) => sum + shape.reduce((a, b) => a * b), 0);
};

test("the published size has the published numbers of parameters", () => {
  expect([count("dalle")("encoder."), count("dalle")("decoder.")]).toEqual([53_786_240, 43_829_766]);
});

test("every preset is whole; vocabularies are 8192 except for tiny pictures", () => {
  for (const [name, preset] of Object.entries(tokenizerPresets)) {
    expect(tokenizerConfig(preset).vocab, name).toBe(name.endsWith("tiny") ? 512 : 8192);
  }
});

const small = [
  { hidden: 8, initial: 4, groups: 3, blocks: 1, vocab: 12 },
  { form: "customized", hidden: 4, codebookDim: 6, layers: 2, vocab: 12 },
  { form: "customized", hidden: 4, codebookDim: 6, layers: 2, vocab: 12, residual: false },
];
for (const options of small) {
  const config = tokenizerConfig(options), t = tokenizer(config), name = config.form + ("residual" in options ? " without blocks" : "");

  test(`${name}: the picture of ids is that of their one-hot codes, and lies within 0 to 1`, async () => {
    const p = parameters(t.params, { seed: 2 }), pictures = input("pictures", [2, 3, 8, 12]);
    const grid = t.grid([8, 12]), ids = t.ids(p, pictures), codes = input("codes", [2, 12, ...grid]);
    expect([t.vocab, grid, ids.shape]).toEqual([12, [2, 3], [2, 6]]);
    const outputs = { ids, decoded: t.decodeIds(p, ids, grid), ofCodes: t.decode(p, codes), expected: t.expected(p, pictures) };
    const program = await compile(device, outputs);
    const x = Float32Array.from({ length: 2 * 3 * 96 }, (_, i) => (i * 37 % 256) / 255), oneHot = new Float32Array(2 * 12 * 6);
    program.write({ pictures: x, codes: oneHot });
    program.run();
    const found = await program.read("ids");
    found.forEach((id, i) => oneHot[(Math.floor(i / 6) * 12 + id) * 6 + i % 6] = 1);
    checkTokens(found, 12, 12);
    program.write({ codes: oneHot });
    program.run();
    const decoded = await program.read("decoded"), ofCodes = await program.read("ofCodes");
    decoded.forEach((v, i) => expect(Math.abs(v - ofCodes[i])).toBeLessThan(1e-5));
    for (const name of ["decoded", "expected"]) {
      const values = await program.read(name);
      expect(values.every((v) => v >= 0 && v <= 1), name).toBe(true);
      expect(new Set(values).size).toBeGreaterThan(20);
    }
    program.destroy();
  });

  test(`${name}: pictures that hold no whole tokens are refused by name`, () => {
    const p = parameters(t.params);
    expect(() => t.grid(10)).toThrow(RecipeError);
    expect(() => t.grid(10)).toThrow(/4 x 4 pixels, which do not fill a side of 10/);
    expect(() => t.ids(p, input("photo", [1, 3, 8, 10]))).toThrow(ShapeError);
    expect(() => t.ids(p, input("photo", [1, 3, 8, 10]))).toThrow(/\(1, 3, 8, 10\).*multiples of 4/);
    expect(() => t.decodeIds(p, input("ids", [1, 5], "u32"), [2, 2])).toThrow(/u32 \(B, 4\)/);
  });
}

test("tokens outside the vocabulary are named", () => {
  checkTokens([0, 11], 12, 2);
  expect(() => checkTokens([0, 12], 12, 2, "POST /decode")).toThrow(DataError);
  expect(() => checkTokens([0, 12], 12, 2, "POST /decode")).toThrow("POST /decode: id 12 at place 1 is outside the vocabulary of 12");
  expect(() => checkTokens([-1], 12, 1)).toThrow(/id -1/);
  expect(() => checkTokens([1.5], 12, 1)).toThrow(/id 1.5/);
  expect(() => checkTokens([1], 12, 4)).toThrow("tokens: 1 ids were given for 4 places");
});

test("tokenizerConfig() refuses what is no tokenizer, by name", () => {
  for (
    const [options, reason] of [[{ hidden: 8, initial: 4, depth: 2 }, /unknown key depth/], [{ hidden: 6, initial: 4 }, /hidden/], [
      { form: "vq" },
      /form/,
    ]] as const
  ) {
    expect(() => tokenizerConfig(options, "recipe.json")).toThrow(RecipeError);
    expect(() => tokenizerConfig(options, "recipe.json")).toThrow(reason);
  }
});
