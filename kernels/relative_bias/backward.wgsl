// forward: y[h, pair] = table[index[pair], h], so dtable[r, h] is the sum of dy[h, pair] over the pairs of row r, which are listed one
// row after the other. One invocation a value; neighbours are neighbouring rows, whose pairs lie side by side.

struct Dims { R: u32, NH: u32, P: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> starts: array<u32>;        // (R + 1)
@group(0) @binding(2) var<storage, read> pairs: array<u32>;         // (P)
@group(0) @binding(3) var<storage, read> dy: array<f32>;            // (NH, P)
@group(0) @binding(4) var<storage, read_write> dtable: array<f32>;  // (R, NH)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.R * dims.NH) { return; }
  let r = i % dims.R;
  let h = i / dims.R;
  var sum = 0.0;
  for (var k = starts[r]; k < starts[r + 1u]; k++) { sum += dy[h * dims.P + pairs[k]]; }
  dtable[r * dims.NH + h] = sum;
}
