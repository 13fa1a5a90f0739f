// Chunk: natural logarithm and its gradient from x.
fn apply(x: f32) -> f32 { return log(x); }
fn derivative(x: f32, dy: f32) -> f32 { return dy / x; }
