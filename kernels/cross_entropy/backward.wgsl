// dlogits = dloss * weight / divisor * (mass * softmax - t'), where mass is the sum of t' (1, or whatever soft labels add up to).
// One workgroup a row; rows of weight 0 are zeroed without being read.

struct Dims { R: u32, V: u32, smoothing: f32, nan: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> logits: array<f32>;         // (R, V)
@group(0) @binding(4) var<storage, read> lse: array<f32>;            // (R)
@group(0) @binding(5) var<storage, read> mass: array<f32>;           // (R)
@group(0) @binding(6) var<storage, read> divisor: array<f32>;        // (1)
@group(0) @binding(7) var<storage, read> dloss: array<f32>;          // (1)
@group(0) @binding(8) var<storage, read_write> dlogits: array<f32>;  // (R, V)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let r = group.y * groups.x + group.x;
  if (r >= dims.R) { return; }
  let row = r * dims.V;
  let w = weight_of(r);
  if (w == 0.0) {
    for (var v = thread; v < dims.V; v += THREADS) { dlogits[row + v] = 0.0; }
    return;
  }
  let scale = dloss[0] * w / divisor[0];
  let even = dims.smoothing / f32(dims.V);
  for (var v = thread; v < dims.V; v += THREADS) {
    let target_share = on_target(r, v, 1.0 - dims.smoothing) + even;
    dlogits[row + v] = scale * (mass[r] * exp(logits[row + v] - lse[r]) - target_share);
  }
}
