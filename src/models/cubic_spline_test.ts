import { expect, test } from "bun:test";
import { cubicSplineWeights } from "./cubic_spline.ts";

function interpolate(knots: number[], values: number[], targets: number[]): number[] {
  const weights = cubicSplineWeights(knots, targets), n = knots.length;
  return targets.map((_, t) => values.reduce((sum, y, k) => sum + weights[t * n + k] * y, 0));
}

const near = (got: number[], want: number[]) => got.forEach((g, i) => expect(Math.abs(g - want[i]), `at ${i}`).toBeLessThan(1e-12));

test("cubicSplineWeights() reproduces polynomials up to the degree that the points allow", () => {
  const knots = [-3, -1.2, 0, 0.7, 2, 5], targets = [-3, -2, -1.2, 0.1, 0.9, 3.3, 5];
  for (let n = 1; n <= knots.length; n++) {
    const polynomial = (x: number) => [1, 2 * x, -x * x, 0.3 * x ** 3].slice(0, n).reduce((a, b) => a + b);
    const some = knots.slice(0, n), inside = targets.filter((x) => x <= some[n - 1]);
    near(interpolate(some, some.map(polynomial), inside), inside.map(polynomial));
  }
});

test("cubicSplineWeights() goes through every point and holds the ends", () => {
  const knots = [0, 1, 2.5, 3, 4.2], values = [1, -2, 5, 0, 3];
  near(interpolate(knots, values, knots), values);
  near(interpolate(knots, values, [-7, 9]), [1, 3]);
});

test("cubicSplineWeights() bends without jumps: the slopes on both sides of a knot agree", () => {
  const knots = [0, 1, 2.5, 3, 4.2, 5], values = [1, -2, 5, 0, 3, 3], e = 1e-6;
  for (const x of knots.slice(1, -1)) {
    const [before, at, after] = interpolate(knots, values, [x - e, x, x + e]);
    expect(Math.abs((after - at) - (at - before)) / e).toBeLessThan(1e-4);
  }
});
