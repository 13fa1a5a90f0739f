// e = decay * e + (1 - decay) * p, in place. One invocation a value.

struct Dims { N: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> e: array<f32>;  // (N)
@group(0) @binding(2) var<storage, read> p: array<f32>;        // (N)
@group(0) @binding(3) var<storage, read> decay: array<f32>;    // (1)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i < dims.N) { e[i] = decay[0] * e[i] + (1.0 - decay[0]) * p[i]; }
}
