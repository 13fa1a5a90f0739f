// Exponential draws, the base of the normal and the Gumbel distribution.

// -ln of a uniform number strictly inside (0, 1). Near 1 the built-in log is allowed an absolute error that would swamp the
// result, so there -ln(1 - v) = 2 atanh(v / (2 - v)) is summed as a series.
fn exponential(word: u32) -> f32 {
  let u = (f32(word >> 9u) + 0.5) / 8388608.0;
  let v = 1.0 - u;
  let s = v / (2.0 - v);
  let q = s * s;
  let series = 2.0 * s * (1.0 + q * (1.0 / 3.0 + q * (0.2 + q * (1.0 / 7.0 + q * (1.0 / 9.0 + q * (1.0 / 11.0 + q * (1.0 / 13.0 + q / 15.0)))))));
  return select(series, -log(u), u < 0.5);
}
