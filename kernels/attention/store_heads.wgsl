// Chunk: heads of out, or of a part of dqkv, by their strides.

@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // (..., M, ..., N) by its strides

fn store(z: u32, m: u32, n: u32, sum: f32) {
  y[dims.y_at + batch_of(z) * dims.y_b + head_of(z) * dims.y_h + m * dims.y_m + n] = dims.scale * sum;
}
