// Sums of squares: workgroup n adds up every `workgroups`-th run of 64 values into partial[offset + n].

struct Dims { N: u32, workgroups: u32, offset: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;              // (N)
@group(0) @binding(2) var<storage, read_write> partial_sums: array<f32>;  // (P)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  var sum = 0.0;
  for (var i = group.x * THREADS + thread; i < dims.N; i += dims.workgroups * THREADS) { sum += x[i] * x[i]; }
  sum = workgroup_sum(thread, sum);
  if (thread == 0u) { partial_sums[dims.offset + group.x] = sum; }
}
