// y[b, s] = residual[b, s] + x[b, s] * mask[b] * scale. One invocation a value.

struct Dims { Y: u32, S: u32, scale: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;         // (B, S)
@group(0) @binding(2) var<storage, read> mask: array<f32>;      // (B)
@group(0) @binding(3) var<storage, read> residual: array<f32>;  // (B, S)
@group(0) @binding(4) var<storage, read_write> y: array<f32>;   // (B, S)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.Y) { return; }
  y[i] = residual[i] + x[i] * mask[i / dims.S] * dims.scale;
}
