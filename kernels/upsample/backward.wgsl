// forward: y[h, w] = x[h / F, w / F], then dx = sum of dy over the F x F values made from each x. One invocation a value of x.

struct Dims { X: u32, H: u32, W: u32, F: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<f32>;        // (B*C, H*F, W*F)
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;  // (B*C, H, W)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.X) { return; }
  let w = i % dims.W;
  let row = i / dims.W;
  var sum = 0.0;
  for (var a = 0u; a < dims.F; a++) {
    for (var b = 0u; b < dims.F; b++) { sum += dy[(row * dims.F + a) * dims.W * dims.F + w * dims.F + b]; }
  }
  dx[i] = sum;
}
