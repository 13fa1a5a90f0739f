// Chunk: cross-entropy of sigmoid(a) against the probability b: max(a, 0) - a b + log(1 + exp(-|a|)), where nothing overflows.
fn loss(a: f32, b: f32, c: f32) -> f32 { return max(a, 0.0) - a * b + log(1.0 + exp(-abs(a))); }
fn slopes(a: f32, b: f32, c: f32) -> vec3f {
  let e = exp(-abs(a));
  return vec3f(select(1.0, e, a < 0.0) / (1.0 + e) - b, -a, 0.0);
}
