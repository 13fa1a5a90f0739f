// y[b, k] = lam * hot(labels[b], k) + (1 - lam) * hot(labels[B - 1 - b], k), where hot is `on` at the label and `off` elsewhere.
// One invocation a value.

struct Dims { Y: u32, B: u32, K: u32, on: f32, off: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> labels: array<u32>;   // (B)
@group(0) @binding(2) var<storage, read> lam: array<f32>;      // (1)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // (B, K)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.Y) { return; }
  let b = i / dims.K;
  let k = i % dims.K;
  let own = select(dims.off, dims.on, labels[b] == k);
  let other = select(dims.off, dims.on, labels[dims.B - 1u - b] == k);
  y[i] = lam[0] * own + (1.0 - lam[0]) * other;
}
