// y = 1 where a uniform number is at least the rate, else 0. One invocation a value. `threshold` is the rate in units of 2^-24.

struct Dims { Y: u32, stream: u32, threshold: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> random: array<u32>;   // (2) seed, step
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (Y)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.Y) { return; }
  let words = random_words(random[0], random[1], dims.stream, i / 4u);
  y[i] = select(0.0, 1.0, (words[i % 4u] >> 8u) >= dims.threshold);
}
