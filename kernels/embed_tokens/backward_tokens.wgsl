// dpositions[t] = sum over b of dy[b, t]; its first row is the class token's gradient. masked[t] = sum over b of mask[b, t - 1] * dy[b, t],
// what each place adds to the mask token's gradient. One invocation a value walks the batch.

struct Dims { B: u32, T: u32, C: u32 }

override MASK = false;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> dy: array<f32>;                // (B * T, C)
@group(0) @binding(2) var<storage, read> mask: array<f32>;              // (B, T - 1)
@group(0) @binding(3) var<storage, read_write> dpositions: array<f32>;  // (T, C)
@group(0) @binding(4) var<storage, read_write> masked: array<f32>;      // (T, C)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.T * dims.C) { return; }
  let t = i / dims.C;
  var all = 0.0;
  var hidden = 0.0;
  for (var b = 0u; b < dims.B; b++) {
    let d = dy[b * dims.T * dims.C + i];
    all += d;
    if (MASK && t > 0u) { hidden += d * mask[b * (dims.T - 1u) + t - 1u]; }
  }
  dpositions[i] = all;
  if (MASK) { masked[i] = hidden; }
}
