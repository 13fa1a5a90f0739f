// out = softmax(scale * q k' + bias) v for each head, and the logarithm of the sum of exponentials of each query (lse).
//
// One invocation a query, one workgroup some queries of one head, so that all its invocations read the same key at a time: no
// barriers, no workgroup memory. The sum is kept relative to the largest score so far and shrunk when a larger one appears. A
// query without any key gives 0.

@group(0) @binding(1) var<storage, read> qkv: array<Block>;        // (B, T, 3, NH, HS)
@group(0) @binding(4) var<storage, read_write> out: array<Block>;  // (B, T, NH, HS)
@group(0) @binding(5) var<storage, read_write> lse: array<f32>;    // (B, NH, T)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = group.x * THREADS + thread;
  let h = group.y;
  let b = group.z;
  if (i >= dims.T) { return; }
  let first = b * dims.batch + h * dims.head;

  var q: array<Block, MOST>;
  var o: array<Block, MOST>;
  for (var d = 0u; d < BLOCKS; d++) { q[d] = dims.scale * qkv[first + i * dims.token + d]; }

  var largest = -3.402823e38;
  var sum = 0.0;
  for (var j = 0u; j < dims.T; j++) {
    if (!is_key(b, j)) { continue; }
    let k = first + dims.part + j * dims.token;
    var products = Block();
    for (var d = 0u; d < BLOCKS; d++) { products += q[d] * qkv[k + d]; }
    let score = total(products) + bias_of(h, i, j);
    if (score > largest) {
      let shrink = exp(largest - score);
      for (var d = 0u; d < BLOCKS; d++) { o[d] *= shrink; }
      sum *= shrink;
      largest = score;
    }
    let p = exp(score - largest);
    sum += p;
    for (var d = 0u; d < BLOCKS; d++) { o[d] += p * qkv[k + dims.part + d]; }
  }

  let scale = select(1.0 / sum, 0.0, sum == 0.0);
  let to = b * dims.out_batch + i * dims.out_token + h * dims.out_head;
  for (var d = 0u; d < BLOCKS; d++) { out[to + d] = scale * o[d]; }
  lse[(b * dims.NH + h) * dims.T + i] = select(largest + log(sum), 0.0, sum == 0.0);
}
