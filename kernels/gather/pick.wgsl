// y[r] = ids[places[r]]: whole numbers of a list. One invocation a value. A place beyond the list gives the largest u32, which no
// vocabulary has.

struct Dims { R: u32, N: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> ids: array<u32>;      // (N)
@group(0) @binding(2) var<storage, read> places: array<u32>;   // (R)
@group(0) @binding(3) var<storage, read_write> y: array<u32>;  // (R)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.R) { return; }
  let place = places[i];
  if (place < dims.N) { y[i] = ids[place]; } else { y[i] = 0xffffffffu; }
}
