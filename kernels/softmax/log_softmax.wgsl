// Chunk: log-softmax from the largest value `m` of a line and the sum `s` of exp(x - m); its gradient dx = dy - exp(y) * sum(dy).
fn finish(x: f32, m: f32, s: f32) -> f32 { return x - m - log(s); }
fn term(y: f32, dy: f32) -> f32 { return dy; }
fn derivative(y: f32, dy: f32, sum: f32) -> f32 { return dy - exp(y) * sum; }
