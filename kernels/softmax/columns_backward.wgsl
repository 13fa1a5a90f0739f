// Gradient of softmax or log-softmax along the middle axis, from its result. One invocation a line.

struct Dims { K: u32, S: u32, C: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> y: array<f32>;         // (K, S, C)
@group(0) @binding(2) var<storage, read> dy: array<f32>;        // (K, S, C)
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;  // (K, S, C)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.K * dims.C) { return; }
  let first = i / dims.C * dims.S * dims.C + i % dims.C;
  let end = first + dims.S * dims.C;

  var sum = 0.0;
  for (var j = first; j < end; j += dims.C) { sum += term(y[j], dy[j]); }
  for (var j = first; j < end; j += dims.C) { dx[j] = derivative(y[j], dy[j], sum); }
}
