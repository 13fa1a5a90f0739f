import { expect, test } from "bun:test";
import { gradients } from "../../src/gradients.ts";
import { apply, input, type Tensor } from "../../src/graph.ts";
import { compile } from "../../src/program.ts";
import { checkOp, type Leaf } from "../../tests/check_op.ts";
import { providers } from "../../tests/providers.ts";
import type { Variant } from "../common/gemm/gemm.ts";
import { attention, attentionBackwardSpec, attentionHeads, attentionSpec } from "./attention.ts";
import { backwardParts, forwardParts, launchesOf } from "./launches.ts";
import { type Layout, packed } from "./layout.ts";

const sizes = [
  [1, 1, 1, 1], // one of each: B, T, NH, HS
  [2, 7, 2, 8],
  [2, 5, 3, 3], // head size no multiple of four
  [1, 70, 2, 64], // more tokens than a tile or a workgroup
  [1, 3, 1, 130],
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

/** attention with one variant of its products, whatever the device would choose, and with groups of `group` heads; its gradient too. */
function forced(variant: Variant, layout: Layout) {
  const attributes = { layout, scale: 0.3 };
  const gradient: typeof attentionBackwardSpec = {
    ...attentionBackwardSpec,
    launches: (tensors, attributes) => launchesOf(backwardParts(tensors, attributes, true), variant),
  };
  const spec: typeof attentionSpec = {
    ...attentionSpec,
    launches: (tensors, attributes) => launchesOf(forwardParts(tensors, attributes, variant === "direct"), variant),
    backward({ qkv, bias, keys, out, lse }, { dout }) {
      const { dqkv, dbias } = apply(gradient, { qkv, bias, keys, out, lse, dout }, attributes);
      return { qkv: dqkv, bias: dbias };
    },
  };
  return (qkv: Tensor, bias: Tensor, keys: Tensor) => apply(spec, { qkv, bias, keys }, attributes).out;
}

for (const variant of ["direct", "tiled64", "tiled128", "small"] as const) {
  const size = [3, 70, 2, 12], layout = { ...packed(3, 70, 2, 12), group: 5 }; // the second group is one head
  checkOp(`attention() ${variant} in groups of heads`, forced(variant, layout), [[qkv(size), [2, 70, 70], somePadding(size)]], {
    differences: variant === "direct" ? 1e-6 : null, // the same references
    f16: variant === "direct" ? 3e-3 : null, // the other variants read and store through the same chunks
  });
}

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

  test(`attention() passes NaN on to the queries of its head alone on ${provider.name}`, async () => {
    const x = input("x", [3, 12]);
    const program = await compile(await provider.open(), { y: attention(x, { tokens: 3, heads: 2 }) });
    program.write({ x: Array.from({ length: 36 }, (_, i) => i === 20 ? NaN : i / 9) }); // v of the second token, head 0
    program.run();
    const nan = Array.from(await program.read("y"), Number.isNaN);
    expect(nan).toEqual([true, false, false, false, true, false, false, false, true, false, false, false]);
    program.destroy();
  });
}

test("attention() names the tensors that do not fit together", () => {
  const x = input("qkv", [10, 24]);
  expect(() => attention(x, { heads: 5, tokens: 5 })).toThrow("attention: qkv (10, 24) is not (B * T, 3 * NH * HS) with T = 5 and NH = 5");
  expect(() => attention(x, { heads: 2, tokens: 5, bias: input("bias", [2, 4, 4]) })).toThrow(
    "attention: bias (2, 4, 4) does not go with qkv (10, 24); it must be f32 (2, 5, 5)",
  );
  expect(() => attentionHeads(input("q", [1, 2, 3, 4]), input("k", [1, 2, 3, 5]), x)).toThrow(
    "attentionHeads: q (1, 2, 3, 4) and k (1, 2, 3, 5) do not belong together",
  );
});
