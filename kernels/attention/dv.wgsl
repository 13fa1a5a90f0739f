// forward: out = p v, so dv = sum over queries of p * dout, with p = exp(score - lse). One invocation a key. Apart from dk.wgsl,
// because k, v, dk and dv together exceed the registers of a GPU at the usual head size of 64.

@group(0) @binding(1) var<storage, read> qkv: array<Block>;         // (B, T, 3, NH, HS)
@group(0) @binding(4) var<storage, read> lse: array<f32>;           // (B, NH, T)
@group(0) @binding(6) var<storage, read> dout: array<Block>;        // (B, T, NH, HS)
@group(0) @binding(7) var<storage, read_write> dqkv: array<Block>;  // (B, T, 3, NH, HS)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let j = group.x * THREADS + thread;
  let h = group.y;
  let b = group.z;
  if (j >= dims.T) { return; }
  let first = b * dims.batch + h * dims.head;
  let own = first + dims.part + j * dims.token;
  let outputs = b * dims.out_batch + h * dims.out_head;
  let queries = (b * dims.NH + h) * dims.T;

  var k: array<Block, MOST>;
  var dv: array<Block, MOST>;
  for (var d = 0u; d < BLOCKS; d++) { k[d] = dims.scale * qkv[own + d]; }
  if (is_key(b, j)) {
    for (var i = 0u; i < dims.T; i++) {
      let q = first + i * dims.token;
      let g = outputs + i * dims.out_token;
      var qk = Block();
      for (var d = 0u; d < BLOCKS; d++) { qk += k[d] * qkv[q + d]; }
      let p = exp(total(qk) + bias_of(h, i, j) - lse[queries + i]);
      for (var d = 0u; d < BLOCKS; d++) { dv[d] += p * dout[g + d]; }
    }
  }
  for (var d = 0u; d < BLOCKS; d++) { dqkv[own + dims.part + d] = dv[d]; }
}
