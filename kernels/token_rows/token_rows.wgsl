// y = rows + rows / N + 1: a class token stands before each picture's N patches. One invocation a value.

struct Dims { R: u32, N: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> rows: array<u32>;     // (R)
@group(0) @binding(2) var<storage, read_write> y: array<u32>;  // (R)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.R) { return; }
  y[i] = rows[i] + rows[i] / dims.N + 1u;
}
