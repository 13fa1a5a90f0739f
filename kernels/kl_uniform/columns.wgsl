// Divergence of softmax(x) along the middle axis from the uniform distribution, sum of p log p + log S, and the log-sum-exp of each
// line. With e = exp(x - largest): sum of p log p = sum(e (x - largest)) / sum(e) - log sum(e). One invocation a line.

struct Dims { K: u32, S: u32, C: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;          // (K, S, C)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;    // (K, C)
@group(0) @binding(3) var<storage, read_write> lse: array<f32>;  // (K, C)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.K * dims.C) { return; }
  let first = i / dims.C * dims.S * dims.C + i % dims.C;
  let end = first + dims.S * dims.C;

  var m = -3.402823e38;
  for (var j = first; j < end; j += dims.C) { m = max(m, x[j]); }
  var sum = 0.0;
  var weighted = 0.0;
  for (var j = first; j < end; j += dims.C) {
    let gap = x[j] - m;
    let e = exp(gap);
    sum += e;
    weighted += e * gap;
  }
  y[i] = weighted / sum - log(sum) + log(f32(dims.S));
  lse[i] = m + log(sum);
}
