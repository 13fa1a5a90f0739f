// y = largest of each 2 x 2 window of x, NaN if one is in it. One invocation a value of y.

struct Dims { Y: u32, H: u32, W: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (B*C, H, W)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (B*C, H/2, W/2)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.Y) { return; }
  let OW = dims.W / 2u;
  let OH = dims.H / 2u;
  let corner = (i / (OW * OH) * dims.H + i / OW % OH * 2u) * dims.W + i % OW * 2u;
  y[i] = x[corner + first_largest(vec4f(x[corner], x[corner + 1u], x[corner + dims.W], x[corner + dims.W + 1u]), dims.W)];
}
