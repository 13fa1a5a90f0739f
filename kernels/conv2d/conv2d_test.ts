import { expect, test } from "bun:test";
import { apply, input, type OpSpec, type Tensor } from "../../src/graph.ts";
import { evaluate } from "../../src/program.ts";
import { checkOp, type Leaf } from "../../tests/check_op.ts";
import { providers } from "../../tests/providers.ts";
import { type Gemm, gemmLaunches, splitsOf } from "../common/gemm/gemm.ts";
import { conv2d } from "./conv2d.ts";
import { backwardWGemm, backwardWSpec, backwardXGemm, backwardXSpec, forwardGemm, forwardSpec } from "./op.ts";

const kernels = [
  { k: 1, stride: 1, padding: 0, x: [1, 1, 1, 1] },
  { k: 1, stride: 2, padding: 0, x: [2, 3, 5, 4] },
  { k: 3, stride: 1, padding: 1, x: [2, 3, 5, 7] },
  { k: 3, stride: 2, padding: 1, x: [2, 2, 7, 6] },
  { k: 4, stride: 2, padding: 1, x: [1, 3, 8, 10] },
  { k: 4, stride: 1, padding: 0, x: [1, 2, 5, 4] },
  { k: 7, stride: 1, padding: 3, x: [1, 2, 9, 5] },
  { k: 7, stride: 2, padding: 3, x: [1, 2, 9, 12] },
  { k: 2, stride: 3, padding: 0, x: [1, 2, 8, 7] }, // a stride that passes over values
];
for (const { k, stride, padding, x } of kernels) {
  checkOp(`conv2d() ${k}x${k}, stride ${stride}, padding ${padding}`, (x, w, bias) => conv2d(x, w, { bias, stride, padding }), [
    [x, [3, x[1], k, k], [3]],
  ]);
}
checkOp("conv2d() without bias", (x, w) => conv2d(x, w, { padding: 1 }), [[[2, 3, 9, 9], [17, 3, 3, 3]]]);
checkOp("conv2d() with a kernel that is no square", (x, w) => conv2d(x, w), [[[1, 2, 5, 6], [3, 2, 2, 3]]]);
checkOp("conv2d() whose weight gradient is summed in parts", (x, w) => conv2d(x, w, { padding: 1 }), [[[2, 2, 24, 23], [3, 2, 3, 3]]], {
  tolerance: 2e-5,
  differences: null,
});

test("a weight gradient over many positions is summed in parts", () => {
  const gemm = backwardWGemm({ dy: input("dy", [2, 3, 24, 23]), x: input("x", [2, 2, 24, 23]) }, { KH: 3, KW: 3, stride: 1, padding: 1 });
  expect(splitsOf(gemm)).toBe(2);
});

/** An op with one variant of its kernels, whatever the device would choose. */
const forced = (spec: OpSpec, gemm: (tensors: never, attributes: never) => Gemm, variant: "direct" | "tiled64" | "tiled128" | "small") => ({
  ...spec,
  launches: (tensors: unknown, attributes: unknown) => gemmLaunches(gemm(tensors as never, attributes as never), variant),
});
const fixed = (...shapes: number[][]): Leaf[] => shapes.map((shape) => ({ shape, fixed: true }));
const window = { stride: 2, padding: 1 };
for (const variant of ["direct", "tiled64", "small"] as const) {
  const forward = forced(forwardSpec, forwardGemm, variant);
  const backwardX = forced(backwardXSpec, backwardXGemm, variant);
  const backwardW = forced(backwardWSpec, backwardWGemm, variant);
  const options = { tolerance: 2e-5, differences: null };
  checkOp(`conv2d ${variant}`, (x: Tensor, w: Tensor, bias: Tensor) => apply(forward, { x, w, bias }, window).y, [
    fixed([2, 3, 19, 18], [67, 3, 4, 4], [67]),
  ], options);
  checkOp(`conv2d_backward_x ${variant}`, (dy: Tensor, w: Tensor) => apply(backwardX, { dy, w }, { ...window, H: 19, W: 18 }).dx, [
    fixed([2, 5, 9, 9], [5, 67, 4, 4]),
  ], options);
  checkOp(`conv2d_backward_w ${variant}`, (dy: Tensor, x: Tensor) => apply(backwardW, { dy, x }, { ...window, KH: 4, KW: 4 }).dw, [
    fixed([2, 5, 9, 9], [2, 67, 19, 18]),
  ], options);
}

for (const provider of providers) {
  test(`an infinite value reaches only the windows that hold it on ${provider.name}`, async () => {
    const x = input("x", [1, 1, 4, 4]), w = input("w", [1, 1, 2, 2]);
    const values = new Float32Array(16).fill(1);
    values[15] = Infinity;
    const y = await evaluate(await provider.open(), conv2d(x, w), { x: values, w: [1, 1, 1, 1] });
    expect(Array.from(y)).toEqual([4, 4, 4, 4, 4, 4, 4, 4, Infinity]);
  });
}

test("conv2d() names both tensors when their shapes do not fit", () => {
  const x = input("x", [2, 3, 8, 8]);
  expect(() => conv2d(x, input("w", [5, 4, 3, 3]))).toThrow(
    "conv2d: channels differ, x (2, 3, 8, 8) and w (5, 4, 3, 3); w must have 3 along its second axis",
  );
  expect(() => conv2d(x, input("w", [5, 3, 9, 9]))).toThrow(/kernel w \(5, 3, 9, 9\) does not fit into x \(2, 3, 8, 8\) with padding 0/);
  expect(() => conv2d(x, input("w", [5, 3]))).toThrow(/w \(5, 3\) has 2 axes/);
  expect(() => conv2d(x, input("w", [5, 3, 1, 1]), { bias: input("b", [3]) })).toThrow(/b \(3\) has 3 values, w \(5, 3, 1, 1\) gives 5/);
  expect(() => conv2d(x, input("w", [5, 3, 1, 1]), { stride: 0 })).toThrow(/stride 0/);
});
