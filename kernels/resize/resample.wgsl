// y[k, o, c] = sum of weights[j] * x[k, sources[j], c] over the taps j of output o, which lie from starts[o] to starts[o + 1].
// One invocation a value of y.

struct Dims { Y: u32, S: u32, O: u32, C: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (K, S, C)
@group(0) @binding(2) var<storage, read> starts: array<u32>;   // (O + 1)
@group(0) @binding(3) var<storage, read> sources: array<u32>;  // (taps)
@group(0) @binding(4) var<storage, read> weights: array<f32>;  // (taps)
@group(0) @binding(5) var<storage, read_write> y: array<f32>;  // (K, O, C)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.Y) { return; }
  let c = i % dims.C;
  let o = i / dims.C % dims.O;
  let k = i / dims.C / dims.O;
  var sum = 0.0;
  for (var j = starts[o]; j < starts[o + 1u]; j++) { sum += weights[j] * x[(k * dims.S + sources[j]) * dims.C + c]; }
  y[i] = sum;
}
