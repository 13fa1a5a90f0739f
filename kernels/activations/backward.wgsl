// dx = dy * dy/dx, value by value, from x or from y, whichever the function's chunk takes as `kept`.

struct Dims { Y: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> kept: array<f32>;      // (Y)
@group(0) @binding(2) var<storage, read> dy: array<f32>;        // (Y)
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;  // (Y)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.Y) { return; }
  dx[i] = derivative(kept[i], dy[i]);
}
