// Chunk: two or three values for each loss. `option` is what the loss makes of it.

struct Dims { N: u32, scale: f32, option: f32 }

override THIRD = false;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<f32>;  // (N)
@group(0) @binding(2) var<storage, read> b: array<f32>;  // (N)
@group(0) @binding(3) var<storage, read> c: array<f32>;  // (N)

fn third(i: u32) -> f32 {
  if (THIRD) { return c[i]; }
  return 0.0;
}
