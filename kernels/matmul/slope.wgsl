// Chunk: y = sum * df/d kept. The gradient passes the activation f on its way out of the product. `derivative` is f's chunk.

@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // (Z, M, N)
@group(0) @binding(4) var<storage, read> kept: array<f32>;     // (Z, M, N)

fn store(z: u32, m: u32, n: u32, sum: f32) {
  let i = (z * dims.M + m) * dims.N + n;
  y[i] = derivative(kept[i], sum);
}
