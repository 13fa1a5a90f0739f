// y = (q, 0, v). One invocation a value.

struct Dims { C: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> q: array<f32>;        // (C)
@group(0) @binding(2) var<storage, read> v: array<f32>;        // (C)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // (3 * C)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i < dims.C) {
    y[i] = q[i];
  } else if (i < 2u * dims.C) {
    y[i] = 0.0;
  } else if (i < 3u * dims.C) {
    y[i] = v[i - 2u * dims.C];
  }
}
