// Chunk: 1 / (1 + exp(-x)) and its gradient from y. The exponent is never positive, so that nothing overflows.
fn apply(x: f32) -> f32 {
  let a = exp(-abs(x));
  return select(1.0, a, x < 0.0) / (1.0 + a);
}
fn derivative(y: f32, dy: f32) -> f32 { return dy * y * (1.0 - y); }
