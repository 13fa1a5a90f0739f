// Bytes (B, P, 3), four a word, to planes: y[b, c, p] = x[b, p, c] * scale_c + shift_c. One invocation a pixel.

struct Dims { N: u32, P: u32, scale0: f32, scale1: f32, scale2: f32, shift0: f32, shift1: f32, shift2: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<u32>;        // (B * P * 3 / 4)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (B, 3, P)

fn byte(i: u32) -> f32 {
  return f32((x[i / 4u] >> (i % 4u * 8u)) & 255u);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.N) { return; }
  let plane = i / dims.P * 3u * dims.P + i % dims.P;
  y[plane] = byte(3u * i) * dims.scale0 + dims.shift0;
  y[plane + dims.P] = byte(3u * i + 1u) * dims.scale1 + dims.shift1;
  y[plane + 2u * dims.P] = byte(3u * i + 2u) * dims.scale2 + dims.shift2;
}
