// y[h, a, b] = table[index[a, b], h]. One invocation a value.

struct Dims { NH: u32, P: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> table: array<f32>;    // (R, NH)
@group(0) @binding(2) var<storage, read> index: array<u32>;    // (P) pairs of tokens, T * T
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // (NH, P)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.NH * dims.P) { return; }
  y[i] = table[index[i % dims.P] * dims.NH + i / dims.P];
}
