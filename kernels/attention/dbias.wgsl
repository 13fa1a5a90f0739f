// forward: score = scale * q k' + bias, so dbias is the sum of dscore over the batch: of this launch's heads, in order, on top of what
// the launches before have added. One invocation a value.

struct Dims { Z: u32, NH: u32, start: u32, square: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dscore: array<f32>;       // (Z, T, T)
@group(0) @binding(2) var<storage, read_write> dbias: array<f32>;  // (NH, T, T)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.NH * dims.square) { return; }
  var sum = 0.0;
  if (dims.start > 0u) { sum = dbias[i]; }
  let first = (i / dims.square + dims.NH - dims.start % dims.NH) % dims.NH; // this head's first z
  for (var z = first; z < dims.Z; z += dims.NH) { sum += dscore[z * dims.square + i % dims.square]; }
  dbias[i] = sum;
}
