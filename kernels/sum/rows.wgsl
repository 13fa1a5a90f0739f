// y = scale * sum of each row of x. One workgroup a row; its threads stride over the row, then add up as a tree.

struct Dims { R: u32, S: u32, scale: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (R, S)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (R)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let row = group.y * groups.x + group.x;
  if (row >= dims.R) { return; }
  var sum = 0.0;
  for (var s = thread; s < dims.S; s += THREADS) { sum += x[row * dims.S + s]; }
  sum = workgroup_sum(thread, sum);
  if (thread == 0u) { y[row] = dims.scale * sum; }
}
