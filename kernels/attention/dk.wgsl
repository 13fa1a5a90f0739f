// forward: score = scale * q k' + bias, so dk = scale * sum over queries of dscore * q, with dscore as in dq.wgsl. One invocation
// a key, whose workgroup reads one query at a time.

@group(0) @binding(1) var<storage, read> qkv: array<Block>;         // (B, T, 3, NH, HS)
@group(0) @binding(4) var<storage, read> lse: array<f32>;           // (B, NH, T)
@group(0) @binding(5) var<storage, read> D: array<f32>;             // (B, NH, T)
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
  var v: array<Block, MOST>;
  var dk: array<Block, MOST>;
  for (var d = 0u; d < BLOCKS; d++) {
    k[d] = dims.scale * qkv[own + d];
    v[d] = qkv[own + dims.part + d];
  }
  if (is_key(b, j)) {
    for (var i = 0u; i < dims.T; i++) {
      let q = first + i * dims.token;
      let g = outputs + i * dims.out_token;
      var qk = Block();
      var gv = Block();
      for (var d = 0u; d < BLOCKS; d++) {
        qk += k[d] * qkv[q + d];
        gv += v[d] * dout[g + d];
      }
      let p = exp(total(qk) + bias_of(h, i, j) - lse[queries + i]);
      let dscore = p * (total(gv) - D[queries + i]);
      for (var d = 0u; d < BLOCKS; d++) { dk[d] += dscore * qkv[q + d]; }
    }
  }
  for (var d = 0u; d < BLOCKS; d++) { dqkv[own + d] = dims.scale * dk[d]; }
}
