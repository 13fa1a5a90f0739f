// Chunk: from dp = dout v', dscore = p * (dp - D), where D = sum(dout * out) is the mean of dp under p.

@group(0) @binding(3) var<storage, read> p: array<f32>;             // (Z, T, T)
@group(0) @binding(4) var<storage, read_write> dscore: array<f32>;  // (Z, T, T)
@group(0) @binding(5) var<storage, read> D: array<f32>;             // (B, NH, T)

fn store(z: u32, m: u32, n: u32, sum: f32) {
  let i = (z * dims.T + m) * dims.T + n;
  dscore[i] = p[i] * (sum - D[(dims.start + z) * dims.T + m]);
}
