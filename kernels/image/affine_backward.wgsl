// forward: y = scale * x + shift between low and high, then dx = scale * dy where the bounds did not act. One invocation a value.

struct Dims { X: u32, scale: f32, shift: f32, low: f32, high: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;         // (X)
@group(0) @binding(2) var<storage, read> dy: array<f32>;        // (X)
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;  // (X)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.X) { return; }
  let value = dims.scale * x[i] + dims.shift;
  dx[i] = select(dims.scale * dy[i], 0.0, value < dims.low || value > dims.high);
}
