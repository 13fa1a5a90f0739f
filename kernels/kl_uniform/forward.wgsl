// Divergence of softmax(x) of each line from the uniform distribution, sum of p log p + log S, and the line's log-sum-exp. With
// e = exp(x - largest): sum of p log p = sum(e (x - largest)) / sum(e) - log sum(e).

struct Dims { K: u32, S: u32, C: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;          // (K, S, C)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;    // (K, C)
@group(0) @binding(3) var<storage, read_write> lse: array<f32>;  // (K, C)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let line = line_number(group, groups, thread);
  if (line >= dims.K * dims.C) { return; }
  let base = line_base(line);

  var m = -3.402823e38;
  for (var s = line_from(thread); s < dims.S; s += line_step()) { m = max(m, x[line_place(base, s)]); }
  m = line_max(thread, m);

  var sum = 0.0;
  var weighted = 0.0;
  for (var s = line_from(thread); s < dims.S; s += line_step()) {
    let gap = x[line_place(base, s)] - m;
    let e = exp(gap);
    sum += e;
    weighted += e * gap;
  }
  sum = line_sum(thread, sum);
  weighted = line_sum(thread, weighted);
  if (line_leader(thread)) {
    y[line] = weighted / sum - log(sum) + log(f32(dims.S));
    lse[line] = m + log(sum);
  }
}
