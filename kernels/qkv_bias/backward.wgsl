// forward: y = (q, 0, v), so dq and dv are the outer thirds of dy. One invocation a pair.

struct Dims { C: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<f32>;        // (3 * C)
@group(0) @binding(2) var<storage, read_write> dq: array<f32>;  // (C)
@group(0) @binding(3) var<storage, read_write> dv: array<f32>;  // (C)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.C) { return; }
  dq[i] = dy[i];
  dv[i] = dy[i + 2u * dims.C];
}
