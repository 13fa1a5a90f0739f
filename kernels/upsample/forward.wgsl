// y[h, w] = x[h / F, w / F]: every value repeated F times along both sides. One invocation a value of y.

struct Dims { Y: u32, H: u32, W: u32, F: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (B*C, H, W)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (B*C, H*F, W*F)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.Y) { return; }
  let w = i % (dims.W * dims.F);
  let row = i / (dims.W * dims.F); // over images and rows: F rows of y are one of x
  y[i] = x[row / dims.F * dims.W + w / dims.F];
}
