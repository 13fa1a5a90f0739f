// Chunk: keys of weight 0 are padding.
@group(0) @binding(3) var<storage, read> keys: array<f32>;  // (B, T)
fn is_key(b: u32, j: u32) -> bool { return keys[b * dims.T + j] != 0.0; }
