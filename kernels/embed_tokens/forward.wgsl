// y[b, t] = position[t] + (class token for t = 0, else patch t - 1, or the mask token where the mask is 1).
// One invocation a value. A mask between 0 and 1 mixes: x * (1 - mask) + mask_token * mask.

struct Dims { B: u32, T: u32, C: u32 }

override MASK = false;
override POSITIONS = false;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> patches: array<f32>;      // (B * (T - 1), C)
@group(0) @binding(2) var<storage, read> class_token: array<f32>;  // (C)
@group(0) @binding(3) var<storage, read> positions: array<f32>;    // (T, C)
@group(0) @binding(4) var<storage, read> mask_token: array<f32>;   // (C)
@group(0) @binding(5) var<storage, read> mask: array<f32>;         // (B, T - 1)
@group(0) @binding(6) var<storage, read_write> y: array<f32>;      // (B * T, C)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.B * dims.T * dims.C) { return; }
  let c = i % dims.C;
  let row = i / dims.C;
  let t = row % dims.T;
  var value = class_token[c];
  if (t > 0u) {
    let n = row - row / dims.T - 1u;
    value = patches[n * dims.C + c];
    if (MASK) {
      let w = mask[n];
      if (w == 1.0) { value = mask_token[c]; } else if (w != 0.0) { value = value * (1.0 - w) + mask_token[c] * w; }
    }
  }
  if (POSITIONS) { value += positions[t * dims.C + c]; }
  y[i] = value;
}
