// Chunk: keys of weight 0 are padding.

override KEYS = false;

@group(0) @binding(3) var<storage, read> keys: array<f32>;  // (B, T)

fn is_key(at: u32) -> bool {
  if (KEYS) { return keys[at] != 0.0; }
  return true;
}
