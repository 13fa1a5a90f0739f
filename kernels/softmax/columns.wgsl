// Softmax or log-softmax along the middle axis, or of short rows (C = 1). One invocation a line: neighbours read neighbouring
// columns. The largest value keeps exp from overflowing.

struct Dims { K: u32, S: u32, C: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (K, S, C)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (K, S, C)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.K * dims.C) { return; }
  let first = i / dims.C * dims.S * dims.C + i % dims.C;
  let end = first + dims.S * dims.C;

  var m = -3.402823e38;
  for (var j = first; j < end; j += dims.C) { m = max(m, x[j]); }
  var sum = 0.0;
  for (var j = first; j < end; j += dims.C) { sum += exp(x[j] - m); }
  for (var j = first; j < end; j += dims.C) { y[j] = finish(x[j], m, sum); }
}
