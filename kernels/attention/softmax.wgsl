// Turns scores into probabilities in place, and keeps the logarithm of the sum of exponentials of each query (lse). One workgroup a
// query of a head. A query without any key gets probabilities of 0.

struct Dims { Z: u32, NH: u32, start: u32, T: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> p: array<f32>;    // (Z, T, T)
@group(0) @binding(2) var<storage, read_write> lse: array<f32>;  // (B, NH, T)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let r = group.y * groups.x + group.x;
  if (r >= dims.Z * dims.T) { return; }
  let row = r * dims.T;
  let first_key = (dims.start + r / dims.T) / dims.NH * dims.T;

  var largest = -3.402823e38;
  for (var j = thread; j < dims.T; j += THREADS) {
    if (is_key(first_key + j)) { largest = max(largest, p[row + j]); }
  }
  largest = workgroup_max(thread, largest);

  var sum = 0.0;
  for (var j = thread; j < dims.T; j += THREADS) {
    if (is_key(first_key + j)) { sum += exp(p[row + j] - largest); }
  }
  sum = workgroup_sum(thread, sum);

  for (var j = thread; j < dims.T; j += THREADS) {
    if (is_key(first_key + j) && sum != 0.0) { p[row + j] = exp(p[row + j] - largest) / sum; } else { p[row + j] = 0.0; }
  }
  if (thread == 0u) { lse[dims.start * dims.T + r] = select(largest + log(sum), 0.0, sum == 0.0); }
}
