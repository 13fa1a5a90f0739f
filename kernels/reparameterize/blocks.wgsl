// Four values an invocation, as many as one draw gives: `write(i, d)` takes the deviation d = exp(logvar / 2) * noise of value i.

struct Dims { N: u32, stream: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> logvar: array<f32>;  // (N)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let block = flat_index(group, groups, thread);
  if (block * 4u >= dims.N) { return; }
  let drawn = noise_of(block);
  for (var j = 0u; j < min(4u, dims.N - block * 4u); j++) {
    let i = block * 4u + j;
    write(i, exp(0.5 * logvar[i]) * drawn[j]);
  }
}
