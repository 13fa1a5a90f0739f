// Chunk: y = sum + bias of the row's channel.

override BIAS = false;

@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // (Z, M, N)
@group(0) @binding(4) var<storage, read> bias: array<f32>;     // (M)

fn store(z: u32, m: u32, n: u32, sum: f32) {
  var value = sum;
  if (BIAS) { value += bias[m]; }
  y[(z * dims.M + m) * dims.N + n] = value;
}
