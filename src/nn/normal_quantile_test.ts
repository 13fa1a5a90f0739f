import { expect, test } from "bun:test";
import { normalCumulative } from "../../kernels/gelu/erf.ts";
import { normalQuantile } from "./normal_quantile.ts";

test("normalQuantile() is the inverse of the cumulative distribution, in the middle and in both tails", () => {
  for (let x = -6; x <= 6; x += 0.037) {
    const p = normalCumulative(x), quantile = p < 0.5 ? normalQuantile(p) : -normalQuantile(normalCumulative(-x));
    expect(Math.abs(quantile - x), `at ${x}`).toBeLessThan(1e-8 * Math.max(1, Math.abs(x)));
  }
  for (const p of [0.024249, 0.024251, 0.3, 0.975749, 0.975751]) {
    expect(Math.abs(normalQuantile(p) + normalQuantile(1 - p))).toBeLessThan(1e-9);
  }
  expect(normalQuantile(0.5)).toBe(0);
});
