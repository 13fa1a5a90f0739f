// Softmax or log-softmax of each row. One workgroup a row; its threads stride over the row three times: largest value, sum of
// exp(x - largest), result. The largest value keeps exp from overflowing.

struct Dims { R: u32, S: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (R, S)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (R, S)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let r = group.y * groups.x + group.x;
  if (r >= dims.R) { return; }
  let row = r * dims.S;

  var m = -3.402823e38;
  for (var s = thread; s < dims.S; s += THREADS) { m = max(m, x[row + s]); }
  m = workgroup_max(thread, m);

  var sum = 0.0;
  for (var s = thread; s < dims.S; s += THREADS) { sum += exp(x[row + s] - m); }
  sum = workgroup_sum(thread, sum);

  for (var s = thread; s < dims.S; s += THREADS) { y[row + s] = finish(x[row + s], m, sum); }
}
