// y = noise inside the box of a picture, x outside of it. One invocation a value.

struct Dims { Y: u32, S: u32, H: u32, W: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (B, S), S = C * H * W
@group(0) @binding(2) var<storage, read> noise: array<f32>;    // (B, S)
@group(0) @binding(3) var<storage, read> boxes: array<u32>;    // (B, 4) left, top, width, height
@group(0) @binding(4) var<storage, read_write> y: array<f32>;  // (B, S)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.Y) { return; }
  let at = i / dims.S * 4u;
  let h = i / dims.W % dims.H;
  let w = i % dims.W;
  // Left of the box or above it the difference wraps round to a number beyond any width.
  y[i] = select(x[i], noise[i], w - boxes[at] < boxes[at + 2u] && h - boxes[at + 1u] < boxes[at + 3u]);
}
