// y = scale * sum of x over its middle axis, in `chunks` parts of that axis. One invocation a value of y: neighbours read
// neighbouring columns.

struct Dims { K: u32, S: u32, C: u32, chunks: u32, scale: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (K, S, C)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (K, chunks, C)

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = (group.y * groups.x + group.x) * 64u + thread;
  if (i >= dims.K * dims.chunks * dims.C) { return; }
  let c = i % dims.C;
  let chunk = i / dims.C % dims.chunks;
  let k = i / dims.C / dims.chunks;
  let length = (dims.S + dims.chunks - 1u) / dims.chunks;

  var sum = 0.0;
  for (var s = chunk * length; s < min(dims.S, (chunk + 1u) * length); s++) { sum += x[(k * dims.S + s) * dims.C + c]; }
  y[i] = dims.scale * sum;
}
