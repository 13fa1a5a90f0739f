// As columns.wgsl along rows, one workgroup a row.

struct Dims { R: u32, S: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;          // (R, S)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;    // (R)
@group(0) @binding(3) var<storage, read_write> lse: array<f32>;  // (R)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let r = group.y * groups.x + group.x;
  if (r >= dims.R) { return; }
  let row = r * dims.S;

  var m = -3.402823e38;
  for (var s = thread; s < dims.S; s += THREADS) { m = max(m, x[row + s]); }
  m = workgroup_max(thread, m);
  var sum = 0.0;
  var weighted = 0.0;
  for (var s = thread; s < dims.S; s += THREADS) {
    let gap = x[row + s] - m;
    let e = exp(gap);
    sum += e;
    weighted += e * gap;
  }
  sum = workgroup_sum(thread, sum);
  weighted = workgroup_sum(thread, weighted);
  if (thread == 0u) {
    y[r] = weighted / sum - log(sum) + log(f32(dims.S));
    lse[r] = m + log(sum);
  }
}
