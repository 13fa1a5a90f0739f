// Running statistics move towards the batch's: r = (1 - momentum) * r + momentum * batch, the variance unbiased by
// `correction` = N / (N - 1). One invocation a channel.

struct Dims { C: u32, momentum: f32, correction: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> mean: array<f32>;                    // (C)
@group(0) @binding(2) var<storage, read> variance: array<f32>;                // (C)
@group(0) @binding(3) var<storage, read_write> running_mean: array<f32>;      // (C)
@group(0) @binding(4) var<storage, read_write> running_variance: array<f32>;  // (C)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let c = flat_index(group, groups, thread);
  if (c >= dims.C) { return; }
  let keep = 1.0 - dims.momentum;
  running_mean[c] = keep * running_mean[c] + dims.momentum * mean[c];
  running_variance[c] = keep * running_variance[c] + dims.momentum * dims.correction * variance[c];
}
