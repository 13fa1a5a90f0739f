// Chunk: divergence of a normal distribution with mean a and log variance b from the standard one.
fn loss(a: f32, b: f32, c: f32) -> f32 { return 0.5 * (a * a + exp(b) - b - 1.0); }
fn slopes(a: f32, b: f32, c: f32) -> vec3f { return vec3f(a, 0.5 * (exp(b) - 1.0), 0.0); }
