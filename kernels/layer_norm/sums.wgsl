// Sums of n * dy (for dgamma) and of dy (for dbeta) over chunks of the rows, n = (x - mean) * rstd. One invocation a column of a
// chunk: neighbours read neighbouring columns.

struct Dims { R: u32, C: u32, chunks: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;              // (R, C)
@group(0) @binding(2) var<storage, read> mean: array<f32>;           // (R)
@group(0) @binding(3) var<storage, read> rstd: array<f32>;           // (R)
@group(0) @binding(4) var<storage, read> dy: array<f32>;             // (R, C)
@group(0) @binding(5) var<storage, read_write> partial: array<f32>;  // (2, chunks, C)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.chunks * dims.C) { return; }
  let c = i % dims.C;
  let chunk = i / dims.C;
  let length = (dims.R + dims.chunks - 1u) / dims.chunks;

  var gamma = 0.0;
  var beta = 0.0;
  for (var r = chunk * length; r < min(dims.R, (chunk + 1u) * length); r++) {
    let d = dy[r * dims.C + c];
    gamma += (x[r * dims.C + c] - mean[r]) * rstd[r] * d;
    beta += d;
  }
  partial[i] = gamma;
  partial[dims.chunks * dims.C + i] = beta;
}
