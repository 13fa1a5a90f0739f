// Chunk: (a - b)^2 / (2 beta) where |a - b| < beta, |a - b| - beta / 2 beyond; beta is the option.
fn loss(a: f32, b: f32, c: f32) -> f32 {
  let e = abs(a - b);
  return select(e - 0.5 * dims.option, 0.5 * e * e / dims.option, e < dims.option);
}
fn slopes(a: f32, b: f32, c: f32) -> vec3f {
  let e = a - b;
  let slope = select(sign(e), e / dims.option, abs(e) < dims.option);
  return vec3f(slope, -slope, 0.0);
}
