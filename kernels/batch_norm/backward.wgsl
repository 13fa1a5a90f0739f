// dx = gamma * rstd * (dy - share * (dbeta + n * dgamma)) with n = (x - mean) * rstd. `share` is 1 / (B * S) where the statistics
// were the batch's own, 0 where they were given. One invocation a value.

struct Dims { X: u32, C: u32, S: u32, eps: f32, share: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;         // (B, C, S)
@group(0) @binding(2) var<storage, read> dy: array<f32>;        // (B, C, S)
@group(0) @binding(3) var<storage, read> gamma: array<f32>;     // (C)
@group(0) @binding(4) var<storage, read> mean: array<f32>;      // (C)
@group(0) @binding(5) var<storage, read> variance: array<f32>;  // (C)
@group(0) @binding(6) var<storage, read> dgamma: array<f32>;    // (C)
@group(0) @binding(7) var<storage, read> dbeta: array<f32>;     // (C)
@group(0) @binding(8) var<storage, read_write> dx: array<f32>;  // (B, C, S)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.X) { return; }
  let c = i / dims.S % dims.C;
  let rstd = inverseSqrt(variance[c] + dims.eps);
  let n = (x[i] - mean[c]) * rstd;
  dx[i] = gamma[c] * rstd * (dy[i] - dims.share * (dbeta[c] + n * dgamma[c]));
}
