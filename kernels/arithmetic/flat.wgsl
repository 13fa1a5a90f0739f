// y = apply(a, b) where a is like y and b like y too, one value, or repeated from its beginning: no axis needs to be told apart, and
// integer division is dear everywhere. One invocation a value of y. `apply` comes from add.wgsl, subtract.wgsl, ...

override ONE = false;
override REPEATED = false;

struct Dims { Y: u32, B: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<f32>;        // (Y)
@group(0) @binding(2) var<storage, read> b: array<f32>;        // (B)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // (Y)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.Y) { return; }
  var j = i;
  if (ONE) { j = 0u; }
  if (REPEATED) { j = i % dims.B; }
  y[i] = apply(a[i], b[j]);
}
