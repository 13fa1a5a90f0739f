// loss = sum of weight * loss over the rows, divided by the sum of weights for the mean; accuracy likewise, always as a mean. One
// workgroup.

struct Dims { R: u32, mean: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> losses: array<f32>;          // (R)
@group(0) @binding(2) var<storage, read> correct: array<f32>;         // (R)
@group(0) @binding(4) var<storage, read_write> loss: array<f32>;      // (1)
@group(0) @binding(5) var<storage, read_write> accuracy: array<f32>;  // (1)
@group(0) @binding(6) var<storage, read_write> divisor: array<f32>;   // (1)

@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) thread: u32) {
  var sums = vec4f(); // loss, correct, weights
  for (var r = thread; r < dims.R; r += THREADS) {
    let w = weight_of(r);
    sums += w * vec4f(losses[r], correct[r], 1.0, 0.0);
  }
  sums = workgroup_sum4(thread, sums);
  if (thread == 0u) {
    let total = max(sums.z, 1e-20); // a batch without any weight costs 0
    divisor[0] = select(1.0, total, dims.mean == 1u);
    loss[0] = sums.x / divisor[0];
    accuracy[0] = sums.y / total;
  }
}
