// y = random numbers. One invocation a block of four values; `draw` comes from common/draw_uniform.wgsl and its like.

struct Dims { Y: u32, stream: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> random: array<u32>;   // (2) seed, step
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (Y)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let block = flat_index(group, groups, thread);
  if (block * 4u >= dims.Y) { return; }
  let values = draw(random_words(random[0], random[1], dims.stream, block));
  for (var j = 0u; j < min(4u, dims.Y - block * 4u); j++) { y[block * 4u + j] = values[j]; }
}
