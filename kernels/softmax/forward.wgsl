// Softmax or log-softmax of each line. Three passes: largest value, sum of exp(x - largest), result. The largest value keeps exp
// from overflowing.

struct Dims { K: u32, S: u32, C: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (K, S, C)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (K, S, C)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let line = line_number(group, groups, thread);
  if (line >= dims.K * dims.C) { return; }
  let base = line_base(line);

  var m = -3.402823e38;
  for (var s = line_from(thread); s < dims.S; s += line_step()) { m = max(m, x[line_place(base, s)]); }
  m = line_max(thread, m);

  var sum = 0.0;
  for (var s = line_from(thread); s < dims.S; s += line_step()) { sum += exp(x[line_place(base, s)] - m); }
  sum = line_sum(thread, sum);

  for (var s = line_from(thread); s < dims.S; s += line_step()) {
    let i = line_place(base, s);
    y[i] = finish(x[i], m, sum);
  }
}
