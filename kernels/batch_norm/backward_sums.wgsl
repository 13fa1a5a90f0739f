// forward: y = n * gamma + beta with n = (x - mean) / sqrt(variance + eps), then dgamma = sum of n * dy and dbeta = sum of dy over
// batch and space. One workgroup a channel.

struct Dims { B: u32, C: u32, S: u32, eps: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;             // (B, C, S)
@group(0) @binding(2) var<storage, read> dy: array<f32>;            // (B, C, S)
@group(0) @binding(3) var<storage, read> mean: array<f32>;          // (C)
@group(0) @binding(4) var<storage, read> variance: array<f32>;      // (C)
@group(0) @binding(5) var<storage, read_write> dgamma: array<f32>;  // (C)
@group(0) @binding(6) var<storage, read_write> dbeta: array<f32>;   // (C)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let c = group.y * groups.x + group.x;
  if (c >= dims.C) { return; }
  let m = mean[c];
  var sum = 0.0;
  var sum_n = 0.0;
  for (var i = thread; i < dims.B * dims.S; i += THREADS) {
    let at = (i / dims.S * dims.C + c) * dims.S + i % dims.S;
    sum += dy[at];
    sum_n += (x[at] - m) * dy[at];
  }
  sum = workgroup_sum(thread, sum);
  sum_n = workgroup_sum(thread, sum_n) * inverseSqrt(variance[c] + dims.eps);
  if (thread == 0u) { dbeta[c] = sum; dgamma[c] = sum_n; }
}
