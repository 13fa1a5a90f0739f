// As softmax.wgsl, with one invocation a query of a head: for adapters that run shaders on the CPU, where barriers cost more than
// reading apart.

struct Dims { Z: u32, NH: u32, start: u32, T: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> p: array<f32>;    // (Z, T, T)
@group(0) @binding(2) var<storage, read_write> lse: array<f32>;  // (B, NH, T)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let r = flat_index(group, groups, thread);
  if (r >= dims.Z * dims.T) { return; }
  let row = r * dims.T;
  let first_key = (dims.start + r / dims.T) / dims.NH * dims.T;

  var largest = -3.402823e38;
  for (var j = 0u; j < dims.T; j++) {
    let score = p[row + j];
    if (is_key(first_key + j)) { largest = max(largest, score); }
  }
  var sum = 0.0;
  for (var j = 0u; j < dims.T; j++) {
    let e = exp(p[row + j] - largest);
    if (is_key(first_key + j)) {
      sum += e;
      p[row + j] = e;
    } else {
      p[row + j] = 0.0;
    }
  }
  let scale = select(1.0 / sum, 0.0, sum == 0.0);
  for (var j = 0u; j < dims.T; j++) { p[row + j] *= scale; }
  lse[dims.start * dims.T + r] = select(largest + log(sum), 0.0, sum == 0.0);
}
