// D = sum of dout * out over each head of each token. One invocation a head of a token.

struct Dims { B: u32, NH: u32, T: u32, HS: u32, batch: u32, token: u32, head: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> out: array<f32>;      // (B, T, NH, HS) by its strides
@group(0) @binding(2) var<storage, read> dout: array<f32>;     // (B, T, NH, HS), as out
@group(0) @binding(3) var<storage, read_write> D: array<f32>;  // (B, NH, T)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.B * dims.NH * dims.T) { return; }
  let first = i / dims.T / dims.NH * dims.batch + i / dims.T % dims.NH * dims.head + i % dims.T * dims.token;
  var sum = 0.0;
  for (var d = first; d < first + dims.HS; d++) { sum += dout[d] * out[d]; }
  D[i] = sum;
}
