// y = scale * x, repeated along a new middle axis. One invocation a value of y.

struct Dims { Y: u32, S: u32, C: u32, scale: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (K, C)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (K, S, C)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.Y) { return; }
  y[i] = dims.scale * x[i / (dims.S * dims.C) * dims.C + i % dims.C];
}
