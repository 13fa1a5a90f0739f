// dx = dy * p * (log p - sum of p log p), where log p = x - lse and the sum is y - log S. One invocation a value.

struct Dims { N: u32, S: u32, C: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;         // (K, S, C)
@group(0) @binding(2) var<storage, read> y: array<f32>;         // (K, C)
@group(0) @binding(3) var<storage, read> lse: array<f32>;       // (K, C)
@group(0) @binding(4) var<storage, read> dy: array<f32>;        // (K, C)
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;  // (K, S, C)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.N) { return; }
  let line = i / (dims.S * dims.C) * dims.C + i % dims.C;
  let log_p = x[i] - lse[line];
  dx[i] = dy[line] * exp(log_p) * (log_p - y[line] + log(f32(dims.S)));
}
