// Chunk: weights of the rows.
@group(0) @binding(3) var<storage, read> weights: array<f32>;  // (R)
fn weight_of(r: u32) -> f32 { return weights[r]; }
