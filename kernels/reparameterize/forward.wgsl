// z = mu + exp(logvar / 2) * noise. One invocation a block of four values.

struct Dims { N: u32, stream: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> mu: array<f32>;       // (N)
@group(0) @binding(2) var<storage, read> logvar: array<f32>;   // (N)
@group(0) @binding(3) var<storage, read_write> z: array<f32>;  // (N)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let block = flat_index(group, groups, thread);
  if (block * 4u >= dims.N) { return; }
  let noise = noise_of(block);
  for (var j = 0u; j < min(4u, dims.N - block * 4u); j++) {
    let i = block * 4u + j;
    z[i] = mu[i] + exp(0.5 * logvar[i]) * noise[j];
  }
}
