/**
 * The value below which a standard normal draw lies with probability p, 0 < p < 1: P. J. Acklam's rational functions, error below
 * 1.2e-9 relative. In the middle, where nearly all draws fall, it costs no logarithm.
 */
export function normalQuantile(p: number): number {
  if (p < 0.02425) return -tail(p);
  if (p > 1 - 0.02425) return tail(1 - p);
  const q = p - 0.5, r = q * q;
  const above =
    ((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.357751867269) * r - 30.66479806614716) * r +
    2.506628277459239;
  const below =
    ((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r - 13.28068155288572) * r +
    1;
  return q * above / below;
}

/** The distance from 0 beyond which p of one side lies. */
function tail(p: number): number {
  const q = Math.sqrt(-2 * Math.log(p));
  const above = ((((-0.007784894002430293 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) * q +
        4.374664141464968) * q + 2.938163982698783;
  const below = (((0.007784695709041462 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416) * q + 1;
  return -above / below;
}
