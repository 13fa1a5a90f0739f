// y[k, offset + l] = x[k, shift + l] for l < L, and zero where that lies outside x: a slice for shift >= 0, zero padding for
// shift < 0, one of several tensors side by side for an offset. Rows are counted in values, so an axis with axes after it is the
// same. One invocation a value; words are copied as they are.

struct Dims { N: u32, L: u32, SX: u32, SY: u32, shift: i32, offset: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<u32>;        // (K, SX)
@group(0) @binding(2) var<storage, read_write> y: array<u32>;  // (K, SY)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread); // of the N = K * L values of the window
  if (i >= dims.N) { return; }
  let k = i / dims.L;
  let l = i % dims.L;
  let s = i32(l) + dims.shift;
  var value = 0u;
  if (s >= 0 && s < i32(dims.SX)) { value = x[k * dims.SX + u32(s)]; }
  y[k * dims.SY + dims.offset + l] = value;
}
