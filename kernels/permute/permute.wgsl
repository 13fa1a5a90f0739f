// y = x with its axes in another order: for up to six axes (D0, ..., D5) of y, s0 to s5 are their strides in x. One invocation
// a value of y. Words are copied as they are, so f32 and u32 need no kernels of their own.

struct Dims {
  Y: u32, D1: u32, D2: u32, D3: u32, D4: u32, D5: u32,
  s0: u32, s1: u32, s2: u32, s3: u32, s4: u32, s5: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<u32>;        // (Y) in the order of x
@group(0) @binding(2) var<storage, read_write> y: array<u32>;  // (D0, D1, D2, D3, D4, D5)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.Y) { return; }
  var rest = i;
  var source = rest % dims.D5 * dims.s5;
  rest /= dims.D5;
  source += rest % dims.D4 * dims.s4;
  rest /= dims.D4;
  source += rest % dims.D3 * dims.s3;
  rest /= dims.D3;
  source += rest % dims.D2 * dims.s2;
  rest /= dims.D2;
  source += rest % dims.D1 * dims.s1;
  rest /= dims.D1;
  y[i] = x[source + rest * dims.s0];
}
