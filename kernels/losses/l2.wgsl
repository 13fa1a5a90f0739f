// Chunk: (a - b) squared.
fn loss(a: f32, b: f32, c: f32) -> f32 { return (a - b) * (a - b); }
fn slopes(a: f32, b: f32, c: f32) -> vec3f { return 2.0 * vec3f(a - b, b - a, 0.0); }
