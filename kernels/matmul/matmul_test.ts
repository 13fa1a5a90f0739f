import { expect, test } from "bun:test";
import { ShapeError } from "../../src/errors.ts";
import { gradients } from "../../src/gradients.ts";
import { apply, input, makers, type Tensor } from "../../src/graph.ts";
import { evaluate } from "../../src/program.ts";
import { interpret } from "../../src/interpret.ts";
import { checkOp, expectClose, normals } from "../../tests/check_op.ts";
import { providers } from "../../tests/providers.ts";
import { gemmLaunches, splitsOf, type Variant } from "../common/gemm/gemm.ts";
import { linear, type LinearOptions, matmul } from "./matmul.ts";
import { gemmOf, type MatmulAttributes, matmulSpec } from "./op.ts";

checkOp("matmul()", (a, b) => matmul(a, b), [
  [[1, 1], [1, 1]],
  [[3, 5], [5, 7]],
  [[17, 9], [9, 65]], // one beyond a tile of the direct kernel
  [[1, 70], [70, 1]],
  [[2, 3, 5, 4], [2, 3, 4, 6]],
  [[2, 3, 5], [5, 4]],
  [[3, 5], [4, 5, 2]],
]);
checkOp("matmul() with transposeA", (a, b) => matmul(a, b, { transposeA: true }), [[[5, 3], [5, 7]], [[2, 9, 18], [9, 20]], [[9, 18], [
  2,
  9,
  3,
]]]);
checkOp("matmul() with transposeB", (a, b) => matmul(a, b, { transposeB: true }), [[[3, 5], [7, 5]], [[2, 3, 5], [2, 7, 5]], [[2, 3, 5], [
  7,
  5,
]]]);
checkOp("matmul() with both transposed", (a, b) => matmul(a, b, { transposeA: true, transposeB: true }), [
  [[5, 3], [7, 5]],
  [[2, 5, 3], [2, 7, 5]],
]);

test("a product with few values and many terms is summed in parts", () => {
  expect(splitsOf({ Z: 1, M: 3, N: 5, K: 1600 })).toBe(3);
  expect(splitsOf({ Z: 1, M: 788, N: 768, K: 768 })).toBe(1);
});
checkOp("matmul() in parts", (a, b) => matmul(a, b), [[[3, 1601], [1601, 5]]], { tolerance: 2e-5, differences: 1e-4 });

type Shapes = Record<"bias" | "scale" | "residual", number[]>;
const parts = ["bias", "scale", "residual"] as const;
for (const activation of [undefined, "gelu", "relu"] as const) {
  for (const given of [[], ["bias"], ["bias", "residual"], ["bias", "scale", "residual"], ["scale"]] as (typeof parts[number])[][]) {
    const shapes: Shapes = { bias: [7], scale: [7], residual: [2, 3, 7] };
    checkOp(
      `linear() with ${[...given, activation ?? "no activation"].join(", ")}`,
      (x, w, ...rest) => linear(x, w, { activation, ...Object.fromEntries(given.map((name, i) => [name, rest[i]])) as LinearOptions }),
      [[[2, 3, 5], [7, 5], ...given.map((name) => shapes[name])]],
      { differences: activation === "relu" ? null : 1e-6 },
    );
  }
}
checkOp("linear() larger than tiles", (x, w, bias) => linear(x, w, { bias, activation: "gelu" }), [[[130, 33], [70, 33], [70]]], {
  differences: null,
});
checkOp("linear() in parts", (x, w, bias, scale, residual) => linear(x, w, { bias, activation: "gelu", scale, residual }), [
  [[2, 1100], [3, 1100], [3], [3], [2, 3]],
], { tolerance: 2e-5, differences: null });

for (const bias of [true, false]) {
  checkOp(
    `linear() with a scale and a weight smaller than the result, ${bias ? "with" : "without"} bias`,
    (x, w, scale, b) => linear(x, w, { scale, bias: b }),
    [
      [[3, 3, 5], [7, 5], [7], ...bias ? [[7]] : []],
      [[130, 3], [70, 3], [70], ...bias ? [[70]] : []],
    ],
  );
}

test("a scale alone keeps nothing for backward where the weight is the smaller", () => {
  const kept = (rows: number) =>
    linear(input("x", [rows, 5]), input("w", [7, 5]), { scale: input("s", [7]) }).view!.of.maker!.outputs.pre.size;
  expect([kept(5), kept(6)]).toEqual([35, 1]);
});

for (const activation of ["gelu", "relu"] as const) {
  checkOp(`the gradient of two layers with ${activation} between them`, (x, w, b, v) => linear(linear(x, w, { bias: b, activation }), v), [
    [[1, 1], [1, 1], [1], [1, 1]],
    [[2, 3, 5], [7, 5], [7], [4, 7]],
    [[130, 3], [70, 3], [70], [33, 70]],
    [[3, 5], [6, 5], [6], [1100, 6]], // the product is summed in parts
  ], { tolerance: 2e-5, differences: activation === "relu" ? null : 1e-4 });
}

test("the gradient passes an activation inside the product that brings it", () => {
  const x = input("x", [3, 5]), w = input("w", [7, 5]), v = input("v", [4, 7]);
  const ops = (wanted: Tensor) => makers([wanted]).map(({ op }) => op.name);
  const made = ops(gradients(linear(linear(x, w, { activation: "gelu" }), v), [w], input("dy", [3, 4]))[0]);
  expect(made.filter((name) => name !== "matmul")).toEqual(["matmul_slope"]);
  // A residual beside the layer brings a sum, not a product.
  const h = linear(x, w, { activation: "gelu" }), u = input("u", [7, 7]);
  expect(ops(gradients(linear(h, u, { residual: h }), [w], input("dy", [3, 7]))[0])).toContain("gelu_backward");
});

/** matmul with one variant, whatever the device would choose; its gradients too. */
function forced(variant: Variant) {
  const spec: typeof matmulSpec = {
    ...matmulSpec,
    launches: (...args: Parameters<typeof matmulSpec.launches>) => gemmLaunches(gemmOf(...args), variant),
  };
  return (attributes: MatmulAttributes) => (a: Tensor, b: Tensor, bias?: Tensor) => apply(spec, { a, b, bias }, attributes).y;
}

for (const variant of ["direct", "tiled64", "tiled128", "small"] as const) {
  for (const [transposeA, transposeB] of [[false, false], [false, true], [true, false], [true, true]]) {
    const make = forced(variant)({ transposeA, transposeB, activation: "gelu" });
    const cases = [[1, 1, 1, 1], [2, 19, 21, 7], [1, 131, 130, 17], [1, 5, 3, 1037]].map(([Z, M, N, K]) => [
      { shape: transposeA ? [Z, K, M] : [Z, M, K], fixed: true },
      { shape: transposeB ? [Z, N, K] : [Z, K, N], fixed: true },
      { shape: [N], fixed: true },
    ]);
    const name = `matmul ${variant} ${transposeA ? "T" : "N"}${transposeB ? "T" : "N"}`;
    checkOp(name, make, cases, { tolerance: 2e-5, differences: null });
  }
}

for (const { name, open } of providers.filter(({ f16 }) => f16)) {
  test(`a product whose slabs lie in f16 is off by the rounding of its operands on ${name}`, async () => {
    const a = input("a", [1, 70, 17]), b = input("b", [1, 66, 17]), values = new Map([[a, normals(a.size)], [b, normals(b.size, 1)]]);
    const y = forced("tiled64 f16")({ transposeB: true })(a, b), [expected] = interpret([y], values);
    const given = await evaluate(await open(), y, { a: values.get(a)!, b: values.get(b)! });
    expectClose(given, expected, 2e-3, "y");
    expect(() => expectClose(given, expected, 1e-5, "y")).toThrow(); // they do lie in f16
  }, 120_000);
}

for (const provider of providers) {
  test(`a NaN of one row reaches that row of the product alone on ${provider.name}`, async () => {
    const y = matmul(input("a", [20, 3]), input("b", [3, 2]));
    const a = new Float32Array(60).fill(1);
    a[3 * 19] = NaN;
    const values = Array.from(await evaluate(await provider.open(), y, { a, b: [1, 1, 1, 1, 1, 1] }));
    expect(values).toEqual([...new Array(38).fill(3), NaN, NaN]);
  });
}

test("matmul() and linear() name both tensors when their shapes do not fit", () => {
  const x = input("x", [64, 768]), w = input("w", [512, 1024]);
  expect(() => matmul(x, w)).toThrow("matmul: inner sizes differ, x (64, 768) and w (512, 1024); w must have 768 rows");
  expect(() => matmul(input("a", [2, 3, 4]), input("b", [3, 4, 5]))).toThrow(/leading axes differ, a \(2, 3, 4\) and b \(3, 4, 5\)/);
  expect(() => matmul(input("a", [4]), w)).toThrow(ShapeError);
  expect(() => linear(x, w)).toThrow("linear: inner sizes differ, x (64, 768) and w (512, 1024); w must have 768 columns");
  const fitting = input("w", [5, 768]);
  expect(() => linear(x, fitting, { bias: input("bias", [4]) })).toThrow(/bias \(4\) has 4 values, w \(5, 768\) gives 5 columns/);
  expect(() => linear(x, fitting, { residual: input("r", [5, 64]) })).toThrow(/r \(5, 64\) is added to \(64, 5\)/);
});
