// dq, and D = sum(dout * out) of each query, which the other kernels read. With p = exp(score - lse) and dp = dout v':
// dscore = p * (dp - D). forward: score = scale * q k' + bias, so dq = scale * sum over keys of dscore * k.
//
// One invocation a query, as forward.

@group(0) @binding(1) var<storage, read> qkv: array<Block>;         // (B, T, 3, NH, HS)
@group(0) @binding(4) var<storage, read> lse: array<f32>;           // (B, NH, T)
@group(0) @binding(5) var<storage, read> out: array<Block>;         // (B, T, NH, HS)
@group(0) @binding(6) var<storage, read> dout: array<Block>;        // (B, T, NH, HS)
@group(0) @binding(7) var<storage, read_write> dqkv: array<Block>;  // (B, T, 3, NH, HS)
@group(0) @binding(8) var<storage, read_write> D: array<f32>;       // (B, NH, T)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = group.x * THREADS + thread;
  let h = group.y;
  let b = group.z;
  if (i >= dims.T) { return; }
  let first = b * dims.batch + h * dims.head;
  let outputs = b * dims.out_batch + i * dims.out_token + h * dims.out_head;
  let query = (b * dims.NH + h) * dims.T + i;
  let own_lse = lse[query];

  var q: array<Block, MOST>;
  var g: array<Block, MOST>;
  var dq: array<Block, MOST>;
  var products = Block();
  for (var d = 0u; d < BLOCKS; d++) {
    q[d] = dims.scale * qkv[first + i * dims.token + d];
    g[d] = dout[outputs + d];
    products += g[d] * out[outputs + d];
  }
  let own_D = total(products);
  D[query] = own_D;

  for (var j = 0u; j < dims.T; j++) {
    if (!is_key(b, j)) { continue; }
    let k = first + dims.part + j * dims.token;
    var qk = Block();
    var gv = Block();
    for (var d = 0u; d < BLOCKS; d++) {
      qk += q[d] * qkv[k + d];
      gv += g[d] * qkv[k + dims.part + d];
    }
    let p = exp(total(qk) + bias_of(h, i, j) - own_lse);
    let dscore = p * (total(gv) - own_D);
    for (var d = 0u; d < BLOCKS; d++) { dq[d] += dscore * qkv[k + d]; }
  }
  for (var d = 0u; d < BLOCKS; d++) { dqkv[first + i * dims.token + d] = dims.scale * dq[d]; }
}
