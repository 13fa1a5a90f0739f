// dx = dy at the first largest value of each 2 x 2 window, else 0. One invocation a value of x, so that the last row and column
// of odd sides, which are in no window, are written too.

struct Dims { X: u32, H: u32, W: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;         // (B*C, H, W)
@group(0) @binding(2) var<storage, read> dy: array<f32>;        // (B*C, H/2, W/2)
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;  // (B*C, H, W)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.X) { return; }
  let w = i % dims.W;
  let h = i / dims.W % dims.H;
  let image = i / (dims.W * dims.H);
  var d = 0.0;
  if (h / 2u < dims.H / 2u && w / 2u < dims.W / 2u) {
    let corner = (image * dims.H + h / 2u * 2u) * dims.W + w / 2u * 2u;
    let place = first_largest(vec4f(x[corner], x[corner + 1u], x[corner + dims.W], x[corner + dims.W + 1u]), dims.W);
    if (corner + place == i) { d = dy[(image * (dims.H / 2u) + h / 2u) * (dims.W / 2u) + w / 2u]; }
  }
  dx[i] = d;
}
