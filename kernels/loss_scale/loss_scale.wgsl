// The end of an update whose loss was multiplied by `scale`, as in torch's GradScaler: where the norm of the scaled gradients is a
// finite number, the factor that brings them back to their size and clips them; where not, no update (coefficient 0) and half the
// scale. After `interval` updates in a row the scale doubles. One invocation.

struct Dims { clip: f32, interval: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> norm: array<f32>;               // (1) of the scaled gradients
@group(0) @binding(2) var<storage, read_write> scale: array<f32>;        // (1)
@group(0) @binding(3) var<storage, read_write> streak: array<f32>;       // (1) updates since the scale changed
@group(0) @binding(4) var<storage, read_write> coefficient: array<f32>;  // (1)
@group(0) @binding(5) var<storage, read_write> length: array<f32>;       // (1) norm of the gradients, 0 without an update
@group(0) @binding(6) var<storage, read_write> taken: array<f32>;        // (1) 1 for an update, 0 for none

@compute @workgroup_size(1)
fn main() {
  let s = scale[0];
  // Told from the bits: compilers may assume that there is no infinity.
  if ((bitcast<u32>(norm[0]) & 0x7f800000u) == 0x7f800000u) {
    scale[0] = s / 2.0;
    streak[0] = 0.0;
    coefficient[0] = 0.0;
    length[0] = 0.0;
    taken[0] = 0.0;
    return;
  }
  let unscaled = norm[0] / s;
  let grows = streak[0] + 1.0 >= dims.interval;
  scale[0] = select(s, s * 2.0, grows);
  streak[0] = select(streak[0] + 1.0, 0.0, grows);
  coefficient[0] = select(1.0, min(1.0, dims.clip / (unscaled + 1e-6)), dims.clip > 0.0) / s;
  length[0] = unscaled;
  taken[0] = 1.0;
}
