// Copies x to y from value `offset` on. One invocation a value.

struct Dims { N: u32, offset: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (N)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (offset + N + …)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i < dims.N) { y[dims.offset + i] = x[i]; }
}
