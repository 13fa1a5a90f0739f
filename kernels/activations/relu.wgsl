// Chunk: max(x, 0) and its gradient from y. Written so that NaN stays NaN, which max() need not do.
fn apply(x: f32) -> f32 { return select(x, 0.0, x < 0.0); }
fn derivative(y: f32, dy: f32) -> f32 { return select(dy, 0.0, y <= 0.0); }
