// total = keep * total + share * g in place; where keep is 0, g alone, whatever was there. The share is 1 for a sum and 1 - keep for
// an average. One invocation a value.

struct Dims { N: u32, average: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> total: array<f32>;  // (N)
@group(0) @binding(2) var<storage, read> g: array<f32>;            // (N)
@group(0) @binding(3) var<storage, read> keep: array<f32>;         // (1)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.N) { return; }
  let k = keep[0];
  var value = g[i];
  if (dims.average == 1u) { value *= 1.0 - k; }
  if (k != 0.0) { value += k * total[i]; }
  total[i] = value;
}
