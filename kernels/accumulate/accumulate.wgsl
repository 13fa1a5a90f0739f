// total = keep * total + g in place; where keep is 0, g alone, whatever was there. One invocation a value.

struct Dims { N: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> total: array<f32>;  // (N)
@group(0) @binding(2) var<storage, read> g: array<f32>;            // (N)
@group(0) @binding(3) var<storage, read> keep: array<f32>;         // (1)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.N) { return; }
  var value = g[i];
  if (keep[0] != 0.0) { value += keep[0] * total[i]; }
  total[i] = value;
}
