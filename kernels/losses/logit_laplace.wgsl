// Chunk: negative log-likelihood of c under the logit-Laplace distribution with location a and log scale b:
// |logit(c) - a| / exp(b) + b + log(2 c (1 - c)).
fn loss(a: f32, b: f32, c: f32) -> f32 {
  return abs(log(c / (1.0 - c)) - a) * exp(-b) + b + log(2.0 * c * (1.0 - c));
}
fn slopes(a: f32, b: f32, c: f32) -> vec3f {
  let e = log(c / (1.0 - c)) - a;
  let s = sign(e) * exp(-b);
  return vec3f(-s, 1.0 - e * s, (s + 1.0 - 2.0 * c) / (c * (1.0 - c)));
}
