// Chunk: p = exp(score - lse), the softmax of forward again; 0 for padding.

override BIAS = false;
override KEYS = false;

@group(0) @binding(3) var<storage, read_write> p: array<f32>;  // (Z, T, T)
@group(0) @binding(4) var<storage, read> bias: array<f32>;     // (NH, T, T)
@group(0) @binding(5) var<storage, read> keys: array<f32>;     // (B, T)
@group(0) @binding(6) var<storage, read> lse: array<f32>;      // (B, NH, T)

fn store(z: u32, m: u32, n: u32, sum: f32) {
  var score = dims.scale * sum;
  if (BIAS) { score += bias[(head_of(z) * dims.T + m) * dims.T + n]; }
  var value = exp(score - lse[(dims.start + z) * dims.T + m]);
  if (KEYS) { value = select(value, 0.0, keys[batch_of(z) * dims.T + n] == 0.0); }
  p[(z * dims.T + m) * dims.T + n] = value;
}
