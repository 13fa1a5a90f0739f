import { expect, test } from "bun:test";
import { gradients } from "../../src/gradients.ts";
import { input } from "../../src/graph.ts";
import { compile } from "../../src/program.ts";
import { checkOp, type Leaf } from "../../tests/check_op.ts";
import { providers } from "../../tests/providers.ts";
import { attention, attentionHeads } from "./attention.ts";

const sizes = [
  [1, 1, 1, 1], // one of each: B, T, NH, HS
  [2, 7, 2, 8],
  [2, 5, 3, 3], // head size no multiple of four
  [1, 70, 2, 64], // more tokens than a workgroup
  [1, 3, 1, 128],
];
const qkv = ([B, T, NH, HS]: number[]): number[] => [B * T, 3 * NH * HS];
const somePadding = ([B, T]: number[]): Leaf => ({ shape: [B, T], values: (i) => i % T && i % 3 === 1 ? 0 : 1, fixed: true });

for (const size of sizes) {
  const [, tokens, heads] = size, at = { tokens, heads };
  checkOp(`attention() with ${tokens} tokens`, (x) => attention(x, at), [[qkv(size)]]);
  checkOp(`attention() with bias and padding`, (x, bias, keys) => attention(x, { ...at, bias, keys }), [
    [qkv(size), [heads, tokens, tokens], somePadding(size)],
  ]);
}
const heads: Leaf[] = [[2, 2, 7, 8], [2, 2, 7, 8], [2, 2, 7, 8]];
checkOp("attentionHeads()", (q, k, v, bias) => attentionHeads(q, k, v, { bias, scale: 0.3 }), [[...heads, [2, 7, 7]]]);
checkOp("attention() with large scores", (x) => attention(x, { tokens: 5, heads: 1, scale: 30 }), [[[5, 12]]], { differences: null });

for (const provider of providers) {
  test(`attention() of a batch entry without keys is 0 and so are its gradients on ${provider.name}`, async () => {
    const x = input("x", [4, 12]), keys = input("keys", [2, 2]), bias = input("bias", [1, 2, 2]), dy = input("dy", [4, 4]);
    const y = attention(x, { tokens: 2, heads: 1, keys, bias });
    const [dx, dbias] = gradients(y, [x, bias], dy);
    const program = await compile(await provider.open(), { y, dx, dbias });
    program.write({
      x: Array.from({ length: 48 }, (_, i) => Math.sin(i)),
      keys: [1, 1, 0, 0],
      bias: [1, 2, 3, 4],
      dy: new Array(16).fill(1),
    });
    program.run();
    const got = await program.read("y"), d = await program.read("dx");
    expect(got.subarray(0, 8).every((v) => v !== 0)).toBe(true);
    expect(Array.from(got.subarray(8))).toEqual(new Array(8).fill(0));
    expect(Array.from(d.subarray(24), Math.abs)).toEqual(new Array(24).fill(0));
    expect((await program.read("dbias")).every(Number.isFinite)).toBe(true);
    program.destroy();
  });

  test(`attention() passes NaN on to the queries that see it, and padding hides it, on ${provider.name}`, async () => {
    const x = input("x", [3, 6]), keys = input("keys", [1, 3]);
    const program = await compile(await provider.open(), { y: attention(x, { tokens: 3, heads: 1, keys }) });
    const values = Array.from({ length: 18 }, (_, i) => i === 10 ? NaN : i / 9); // v of the second token
    for (const [second, expected] of [[1, true], [0, false]] as const) {
      program.write({ x: values, keys: [1, second ? 1 : 0, 1] });
      program.run();
      expect((await program.read("y")).some(Number.isNaN)).toBe(expected);
    }
    program.destroy();
  });
}

test("attention() names the tensors that do not fit together", () => {
  const x = input("qkv", [10, 24]);
  expect(() => attention(x, { heads: 5, tokens: 5 })).toThrow("attention: qkv (10, 24) is not (B * T, 3 * NH * HS) with T = 5 and NH = 5");
  expect(() => attention(x, { heads: 2, tokens: 5, bias: input("bias", [2, 4, 4]) })).toThrow(
    "attention: bias (2, 4, 4) does not go with qkv (10, 24); it must be f32 (2, 5, 5)",
  );
  expect(() => attention(input("qkv", [4, 600]), { heads: 1, tokens: 4 })).toThrow("heads of 200 values; the kernels hold at most 128");
  expect(() => attentionHeads(input("q", [1, 2, 3, 4]), input("k", [1, 2, 3, 5]), x)).toThrow(
    "attentionHeads: q (1, 2, 3, 4) and k (1, 2, 3, 5) do not belong together",
  );
});
