// y = (x - mean) * rstd * gamma + beta, row by row.
//
// One workgroup per row; its threads stride over the C columns. Two passes over the row (mean, then variance about it): the
// one-pass form loses digits when |mean| >> std. mean and rstd are kept for the backward kernel.

struct Dims { R: u32, C: u32, eps: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;           // (R, C)
@group(0) @binding(2) var<storage, read> gamma: array<f32>;       // (C)
@group(0) @binding(3) var<storage, read> beta: array<f32>;        // (C)
@group(0) @binding(4) var<storage, read_write> y: array<f32>;     // (R, C)
@group(0) @binding(5) var<storage, read_write> mean: array<f32>;  // (R)
@group(0) @binding(6) var<storage, read_write> rstd: array<f32>;  // (R)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let r = group.y * groups.x + group.x;
  if (r >= dims.R) { return; }
  let row = r * dims.C;

  var sum = 0.0;
  for (var c = thread; c < dims.C; c += THREADS) { sum += x[row + c]; }
  let m = workgroup_sum(thread, sum) / f32(dims.C);

  var squares = 0.0;
  for (var c = thread; c < dims.C; c += THREADS) { let d = x[row + c] - m; squares += d * d; }
  let s = inverseSqrt(workgroup_sum(thread, squares) / f32(dims.C) + dims.eps);

  for (var c = thread; c < dims.C; c += THREADS) {
    y[row + c] = (x[row + c] - m) * s * gamma[c] + beta[c];
  }
  if (thread == 0u) { mean[r] = m; rstd[r] = s; }
}
