// y = (x - mean) / sqrt(variance + eps) * gamma + beta, channel by channel. One invocation a value.

struct Dims { Y: u32, C: u32, S: u32, eps: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;         // (B, C, S)
@group(0) @binding(2) var<storage, read> gamma: array<f32>;     // (C)
@group(0) @binding(3) var<storage, read> beta: array<f32>;      // (C)
@group(0) @binding(4) var<storage, read> mean: array<f32>;      // (C)
@group(0) @binding(5) var<storage, read> variance: array<f32>;  // (C)
@group(0) @binding(6) var<storage, read_write> y: array<f32>;   // (B, C, S)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.Y) { return; }
  let c = i / dims.S % dims.C;
  y[i] = (x[i] - mean[c]) * inverseSqrt(variance[c] + dims.eps) * gamma[c] + beta[c];
}
