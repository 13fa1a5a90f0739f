// Every list is empty: heads = NONE.

struct Dims { N: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> heads: array<u32>;  // (chunks, V)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i < dims.N) { heads[i] = NONE; }
}
