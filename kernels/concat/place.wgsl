// Copies x to its place in y, row by row: y[k, offset + s] = x[k, s]. Rows are counted in values, so an axis with axes after it
// is the same. One invocation a value of x; words are copied as they are.

struct Dims { X: u32, SX: u32, SY: u32, offset: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<u32>;        // (K, SX)
@group(0) @binding(2) var<storage, read_write> y: array<u32>;  // (K, SY)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.X) { return; }
  y[i / dims.SX * dims.SY + dims.offset + i % dims.SX] = x[i];
}
