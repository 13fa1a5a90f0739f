// Chunk: y = residual + scale * activation(sum + bias). `apply` is the activation's chunk, `keep_pre` that of pre or no_pre.

override BIAS = false;
override SCALE = false;
override RESIDUAL = false;

@group(0) @binding(3) var<storage, read_write> y: array<f32>;    // (Z, M, N)
@group(0) @binding(4) var<storage, read> bias: array<f32>;       // (N)
@group(0) @binding(5) var<storage, read> scale: array<f32>;      // (N)
@group(0) @binding(6) var<storage, read> residual: array<f32>;   // (Z, M, N)

fn store(z: u32, m: u32, n: u32, sum: f32) {
  let i = (z * dims.M + m) * dims.N + n;
  var value = sum;
  if (BIAS) { value += bias[n]; }
  keep_pre(i, value);
  value = apply(value);
  if (SCALE) { value *= scale[n]; }
  if (RESIDUAL) { value += residual[i]; }
  y[i] = value;
}
