// Chunk: GELU in the tanh form of the original BERT and its gradient from x: x * s, with s = (1 + tanh(u)) / 2 = 1 / (1 + exp(-2u))
// and u = sqrt(2 / pi) * (x + 0.044715 x^3).

fn gate(x: f32) -> f32 {
  let u = 0.79788456 * x * (1.0 + 0.044715 * x * x);
  return 1.0 / (1.0 + exp(min(-2.0 * u, 80.0)));
}

fn apply(x: f32) -> f32 { return x * gate(x); }
fn derivative(x: f32, dy: f32) -> f32 {
  let s = gate(x);
  return dy * (s + x * s * (1.0 - s) * 1.5957691 * (1.0 + 0.134145 * x * x));
}
