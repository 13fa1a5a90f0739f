// Mean and biased variance of each channel. One workgroup a channel; two passes, since the one-pass form loses digits.

struct Dims { B: u32, C: u32, S: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;               // (B, C, S)
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;      // (C)
@group(0) @binding(3) var<storage, read_write> variance: array<f32>;  // (C)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let c = group.y * groups.x + group.x;
  if (c >= dims.C) { return; }
  let N = dims.B * dims.S;

  var sum = 0.0;
  for (var i = thread; i < N; i += THREADS) { sum += x[(i / dims.S * dims.C + c) * dims.S + i % dims.S]; }
  let m = workgroup_sum(thread, sum) / f32(N);
  var squares = 0.0;
  for (var i = thread; i < N; i += THREADS) {
    let d = x[(i / dims.S * dims.C + c) * dims.S + i % dims.S] - m;
    squares += d * d;
  }
  let v = workgroup_sum(thread, squares) / f32(N);
  if (thread == 0u) { mean[c] = m; variance[c] = v; }
}
