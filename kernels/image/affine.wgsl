// y = scale * x + shift, kept between low and high; NaN stays NaN. One invocation a value.

struct Dims { Y: u32, scale: f32, shift: f32, low: f32, high: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (Y)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (Y)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.Y) { return; }
  var value = dims.scale * x[i] + dims.shift;
  if (value < dims.low) { value = dims.low; }
  if (value > dims.high) { value = dims.high; }
  y[i] = value;
}
