// The error function in float64, for references.

/** erf(x) to about 1e-15: the series with positive terms only, so that nothing cancels. */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x); // erfc(6) is 2e-17
  let term = x, sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= 2 * x * x / (2 * n + 1);
    sum += term;
  }
  return sum * 2 / Math.sqrt(Math.PI) * Math.exp(-x * x);
}

/** Probability that a standard normal value is below x. */
export function normalCumulative(x: number): number {
  return (1 + erf(x / Math.SQRT2)) / 2;
}

/** Density of the standard normal distribution at x. */
export function normalDensity(x: number): number {
  return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
}
