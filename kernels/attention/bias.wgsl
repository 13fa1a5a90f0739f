// Chunk: what is added to the score of query i and key j.
@group(0) @binding(2) var<storage, read> bias: array<f32>;  // (NH, T, T)
fn bias_of(h: u32, i: u32, j: u32) -> f32 { return bias[(h * dims.T + i) * dims.T + j]; }
