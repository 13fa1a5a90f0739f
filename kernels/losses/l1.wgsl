// Chunk: |a - b|; the gradient at 0 is 0.
fn loss(a: f32, b: f32, c: f32) -> f32 { return abs(a - b); }
fn slopes(a: f32, b: f32, c: f32) -> vec3f { return vec3f(sign(a - b), sign(b - a), 0.0); }
