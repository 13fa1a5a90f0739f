// Chunk: keeps the sum over one part of the K axis; `reduce.wgsl` adds the parts.
@group(0) @binding(8) var<storage, read_write> partial: array<f32>;  // (S, Z, M, N)

fn store(slice: u32, m: u32, n: u32, sum: f32) {
  partial[(slice * dims.M + m) * dims.N + n] = sum;
}
