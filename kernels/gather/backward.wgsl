// forward: y[r] = table[indices[r]], so dtable[v] is the sum of dy[r] over the list of v. One invocation a value of dtable; rows are
// added in their order, so the same bits come every time.

struct Dims { V: u32, C: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> heads: array<u32>;         // (chunks, V)
@group(0) @binding(2) var<storage, read> next: array<u32>;          // (R)
@group(0) @binding(3) var<storage, read> dy: array<f32>;            // (R, C)
@group(0) @binding(4) var<storage, read_write> dtable: array<f32>;  // (V, C)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.V * dims.C) { return; }
  let c = i % dims.C;
  var sum = 0.0;
  for (var r = heads[i / dims.C]; r != NONE; r = next[r]) { sum += dy[r * dims.C + c]; }
  dtable[i] = sum;
}
