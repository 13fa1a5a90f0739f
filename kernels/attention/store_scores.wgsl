// Chunk: score = scale * q k' + bias.

override BIAS = false;

@group(0) @binding(3) var<storage, read_write> p: array<f32>;  // (Z, T, T)
@group(0) @binding(4) var<storage, read> bias: array<f32>;     // (NH, T, T)

fn store(z: u32, m: u32, n: u32, sum: f32) {
  var score = dims.scale * sum;
  if (BIAS) { score += bias[(head_of(z) * dims.T + m) * dims.T + n]; }
  p[(z * dims.T + m) * dims.T + n] = score;
}
