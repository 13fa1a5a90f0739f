// Chunk: square root and its gradient from y.
fn apply(x: f32) -> f32 { return sqrt(x); }
fn derivative(y: f32, dy: f32) -> f32 { return 0.5 * dy / y; }
