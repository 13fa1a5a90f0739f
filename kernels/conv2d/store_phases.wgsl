// Chunk: dx = sum + bias of the channel, back from phases to positions.

override BIAS = false;

@group(0) @binding(3) var<storage, read_write> dx: array<f32>;  // (B, C, H, W)
@group(0) @binding(4) var<storage, read> bias: array<f32>;      // (C)

fn store(z: u32, m: u32, n: u32, sum: f32) {
  let across = (dims.W + dims.stride - 1u) / dims.stride;
  let at = vec2u(n / across, n % across) * dims.stride + phase(z);
  if (at.x >= dims.H || at.y >= dims.W) { return; }
  var value = sum;
  if (BIAS) { value += bias[m]; }
  let b = z / (dims.stride * dims.stride);
  dx[((b * dims.C + m) * dims.H + at.x) * dims.W + at.y] = value;
}
