// Gradient of softmax or log-softmax of each row, from its result. One workgroup a row.

struct Dims { R: u32, S: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> y: array<f32>;         // (R, S)
@group(0) @binding(2) var<storage, read> dy: array<f32>;        // (R, S)
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;  // (R, S)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let r = group.y * groups.x + group.x;
  if (r >= dims.R) { return; }
  let row = r * dims.S;

  var sum = 0.0;
  for (var s = thread; s < dims.S; s += THREADS) { sum += term(y[row + s], dy[row + s]); }
  sum = workgroup_sum(thread, sum);

  for (var s = thread; s < dims.S; s += THREADS) { dx[row + s] = derivative(y[row + s], dy[row + s], sum); }
}
