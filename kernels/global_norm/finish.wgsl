// norm = sqrt of the sum of all partial sums; coefficient = min(1, clip / (norm + 1e-6)), or 1 where clip is 0. One workgroup.

struct Dims { P: u32, clip: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> partial_sums: array<f32>;       // (P)
@group(0) @binding(2) var<storage, read_write> norm: array<f32>;         // (1)
@group(0) @binding(3) var<storage, read_write> coefficient: array<f32>;  // (1)

@compute @workgroup_size(THREADS)
fn main(@builtin(local_invocation_index) thread: u32) {
  var sum = 0.0;
  for (var i = thread; i < dims.P; i += THREADS) { sum += partial_sums[i]; }
  let length = sqrt(workgroup_sum(thread, sum));
  if (thread == 0u) {
    norm[0] = length;
    coefficient[0] = select(1.0, min(1.0, dims.clip / (length + 1e-6)), dims.clip > 0.0);
  }
}
