// forward: y[b, 1 + n] = patches[b, n] * (1 - mask[b, n]) + ..., so dpatches[b, n] = dy[b, 1 + n] * (1 - mask[b, n]).
// One invocation a value.

struct Dims { B: u32, T: u32, C: u32 }

override MASK = false;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<f32>;              // (B * T, C)
@group(0) @binding(2) var<storage, read> mask: array<f32>;            // (B, T - 1)
@group(0) @binding(3) var<storage, read_write> dpatches: array<f32>;  // (B * (T - 1), C)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  let N = dims.T - 1u;
  if (i >= dims.B * N * dims.C) { return; }
  let n = i / dims.C;
  let row = n + n / N + 1u;
  var value = dy[row * dims.C + i % dims.C];
  if (MASK) { value *= 1.0 - mask[n]; }
  dpatches[i] = value;
}
