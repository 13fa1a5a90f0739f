import { expect, test } from "bun:test";
import { input } from "../../src/graph.ts";
import { evaluate } from "../../src/program.ts";
import { checkOp, expectClose, type Leaf } from "../../tests/check_op.ts";
import { providers } from "../../tests/providers.ts";
import { erf, normalDensity } from "./erf.ts";
import { gelu, geluBackward, geluOf, geluTanh } from "./gelu.ts";

const cases: Leaf[][] = [[[1]], [[3, 5]], [[2, 131]], [{ shape: [1001], values: (i) => (i - 500) / 80 }]];
checkOp("gelu()", gelu, cases, { tolerance: 1e-6 });
checkOp("geluTanh()", geluTanh, cases, { tolerance: 2e-6 });

test("erf() agrees with its published values", () => {
  // Abramowitz and Stegun, table 7.1
  for (const [x, y] of [[0.5, 0.5204998778], [1, 0.8427007929], [2, 0.995322265], [-1, -0.8427007929]]) expect(erf(x)).toBeCloseTo(y, 9);
  expect(erf(0)).toBe(0);
  expect(erf(9)).toBe(1);
});

for (const provider of providers) {
  test(`gelu() is exact to 1e-6 everywhere and relatively in its left tail on ${provider.name}`, async () => {
    const device = await provider.open(), x = input("x", [400]);
    const values = Array.from({ length: 400 }, (_, i) => Math.fround(-i / 100 * 1.5)); // 0 to -6
    const got = await evaluate(device, gelu(x), { x: values });
    // Beyond -4 the float64 reference itself loses digits in 1 + erf(x).
    values.forEach((v, i) => {
      if (v < -4) expect(got[i] / -normalDensity(v)).toBeGreaterThan(0.9);
      else expectClose([got[i] / (geluOf(v) || 1)], [v ? 1 : 0], 1e-5, `gelu(${v})`);
    });
  });

  test(`gelu() of huge values and of NaN is what it must be on ${provider.name}`, async () => {
    const device = await provider.open(), x = input("x", [4]);
    const [a, b, c, d] = await evaluate(device, gelu(x), { x: [-1e20, 1e20, NaN, -40] });
    expect(Math.abs(a)).toBe(0);
    expect(b / 1e20).toBeCloseTo(1, 6);
    expect(c).toBeNaN();
    expect(Math.abs(d)).toBe(0);
  });
}

test("geluBackward() names both tensors when the shapes differ", () => {
  expect(() => geluBackward(input("x", [4]), input("dy", [5]))).toThrow("geluBackward: dy (5) is not the gradient of a function of x (4)");
});
