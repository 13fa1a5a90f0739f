// y = apply(a, b) with broadcasting: all shapes are padded to four axes, and an axis along which an operand is repeated has
// stride 0. One invocation a value of y. `apply` comes from add.wgsl, subtract.wgsl, ...

struct Dims {
  Y: u32, D1: u32, D2: u32, D3: u32,
  a0: u32, a1: u32, a2: u32, a3: u32,
  b0: u32, b1: u32, b2: u32, b3: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<f32>;        // (A0, A1, A2, A3)
@group(0) @binding(2) var<storage, read> b: array<f32>;        // (B0, B1, B2, B3)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // (D0, D1, D2, D3)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.Y) { return; }
  let i3 = i % dims.D3;
  let i2 = i / dims.D3 % dims.D2;
  let i1 = i / dims.D3 / dims.D2 % dims.D1;
  let i0 = i / dims.D3 / dims.D2 / dims.D1;
  y[i] = apply(
    a[i0 * dims.a0 + i1 * dims.a1 + i2 * dims.a2 + i3 * dims.a3],
    b[i0 * dims.b0 + i1 * dims.b1 + i2 * dims.b2 + i3 * dims.b3],
  );
}
