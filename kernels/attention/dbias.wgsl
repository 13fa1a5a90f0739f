// dbias = sum over the batch of dscore (see dq.wgsl). One invocation a query and KEYS keys goes through the batch in order and
// computes the scores again: keeping them would take T / HS times the memory of qkv.

@group(0) @binding(1) var<storage, read> qkv: array<Block>;        // (B, T, 3, NH, HS)
@group(0) @binding(4) var<storage, read> lse: array<f32>;          // (B, NH, T)
@group(0) @binding(5) var<storage, read> D: array<f32>;            // (B, NH, T)
@group(0) @binding(6) var<storage, read> dout: array<Block>;       // (B, T, NH, HS)
@group(0) @binding(7) var<storage, read_write> dbias: array<f32>;  // (NH, T, T)

const KEYS = 16;
override B: u32;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = group.x * THREADS + thread;
  let h = group.y;
  let start = group.z * u32(KEYS);
  if (i >= dims.T) { return; }
  let end = min(start + u32(KEYS), dims.T);

  var sums: array<f32, KEYS>;
  for (var b = 0u; b < B; b++) {
    let first = b * dims.batch + h * dims.head;
    let outputs = b * dims.out_batch + i * dims.out_token + h * dims.out_head;
    let query = (b * dims.NH + h) * dims.T + i;
    var q: array<Block, MOST>;
    var g: array<Block, MOST>;
    for (var d = 0u; d < BLOCKS; d++) {
      q[d] = dims.scale * qkv[first + i * dims.token + d];
      g[d] = dout[outputs + d];
    }
    for (var j = start; j < end; j++) {
      if (!is_key(b, j)) { continue; }
      let k = first + dims.part + j * dims.token;
      var qk = Block();
      var gv = Block();
      for (var d = 0u; d < BLOCKS; d++) {
        qk += q[d] * qkv[k + d];
        gv += g[d] * qkv[k + dims.part + d];
      }
      let p = exp(total(qk) + bias_of(h, i, j) - lse[query]);
      sums[j - start] += p * (total(gv) - D[query]);
    }
  }
  for (var j = start; j < end; j++) { dbias[(h * dims.T + i) * dims.T + j] = sums[j - start]; }
}
