// Chunk: softmax from the largest value `m` of a line and the sum `s` of exp(x - m); its gradient dx = y * (dy - sum(dy * y)).
fn finish(x: f32, m: f32, s: f32) -> f32 { return exp(x - m) / s; }
fn term(y: f32, dy: f32) -> f32 { return dy * y; }
fn derivative(y: f32, dy: f32, sum: f32) -> f32 { return y * (dy - sum); }
