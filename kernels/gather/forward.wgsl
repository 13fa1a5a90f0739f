// y[r] = table[indices[r]]: rows of a table. One invocation a value. An index beyond the table gives a row of NaN: WGSL has no
// literal for it, so the host passes it.

struct Dims { R: u32, V: u32, C: u32, nan: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> table: array<f32>;    // (V, C)
@group(0) @binding(2) var<storage, read> indices: array<u32>;  // (R)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // (R, C)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.R * dims.C) { return; }
  let v = indices[i / dims.C];
  if (v < dims.V) { y[i] = table[v * dims.C + i % dims.C]; } else { y[i] = dims.nan; }
}
