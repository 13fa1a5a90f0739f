// y = scale * sum of x over some axes. x is seen as (K0, S0, K1, S1, K2): K axes are kept, S axes are summed. y (K0, K1, K2).
//
// One workgroup a value of y; its 64 threads stride over the S0 * S1 summands, then add up as a tree.

struct Dims { Y: u32, S0: u32, K1: u32, S1: u32, K2: u32, scale: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (K0, S0, K1, S1, K2)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (K0, K1, K2)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = group.y * groups.x + group.x;
  if (i >= dims.Y) { return; }
  let k2 = i % dims.K2;
  let k1 = i / dims.K2 % dims.K1;
  let k0 = i / dims.K2 / dims.K1;

  var sum = 0.0;
  for (var s = thread; s < dims.S0 * dims.S1; s += THREADS) {
    let row = (k0 * dims.S0 + s / dims.S1) * dims.K1 + k1;
    sum += x[(row * dims.S1 + s % dims.S1) * dims.K2 + k2];
  }
  sum = workgroup_sum(thread, sum);
  if (thread == 0u) { y[i] = dims.scale * sum; }
}
