// y = apply(x), value by value. One invocation a value; `apply` comes from relu.wgsl, tanh.wgsl, ...

struct Dims { Y: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (Y)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (Y)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.Y) { return; }
  y[i] = apply(x[i]);
}
