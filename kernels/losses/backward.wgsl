// Gradient of scale * sum of loss(a, b, c) for one of a, b, c. One invocation a value.

override WHICH: u32;

@group(0) @binding(4) var<storage, read> dloss: array<f32>;    // (1)
@group(0) @binding(5) var<storage, read_write> d: array<f32>;  // (N)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.N) { return; }
  d[i] = dims.scale * dloss[0] * slopes(a[i], b[i], third(i))[WHICH];
}
