// With z = x in the reversed order of the batch: y = z inside the box, and outside of it x where there is a box (cutmix) and
// lam * x + (1 - lam) * z where there is none (mixup). One invocation a value.

struct Dims { Y: u32, B: u32, S: u32, H: u32, W: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (B, S), S = C * H * W
@group(0) @binding(2) var<storage, read> lam: array<f32>;      // (1)
@group(0) @binding(3) var<storage, read> box: array<u32>;      // (4) y from, y to, x from, x to
@group(0) @binding(4) var<storage, read_write> y: array<f32>;  // (B, S)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.Y) { return; }
  let h = i / dims.W % dims.H;
  let w = i % dims.W;
  let z = x[(dims.B - 1u - i / dims.S) * dims.S + i % dims.S];
  if (box[1] <= box[0] || box[3] <= box[2]) {
    y[i] = lam[0] * x[i] + (1.0 - lam[0]) * z;
  } else {
    y[i] = select(x[i], z, h >= box[0] && h < box[1] && w >= box[2] && w < box[3]);
  }
}
