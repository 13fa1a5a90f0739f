// Chunk: the operands of a batched matrix product by their strides, which say what is transposed; a stride of 0 shares a matrix.

struct Dims {
  Z: u32, S: u32, M: u32, N: u32, K: u32,
  az: u32, am: u32, ak: u32,
  bz: u32, bk: u32, bn: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<f32>;  // (Z or 1, M, K) or (Z or 1, K, M)
@group(0) @binding(2) var<storage, read> b: array<f32>;  // (Z or 1, K, N) or (Z or 1, N, K)

struct Step { a: u32, b: u32 }

fn row(z: u32, m: u32) -> u32 { return z * dims.az + m * dims.am; }
fn column(z: u32, n: u32) -> u32 { return z * dims.bz + n * dims.bn; }
fn step_at(k: u32) -> Step { return Step(k * dims.ak, k * dims.bk); }
fn next(s: Step) -> Step { return Step(s.a + dims.ak, s.b + dims.bk); }
fn lhs(r: u32, s: Step) -> f32 { return a[r + s.a]; }
fn rhs(c: u32, s: Step) -> f32 { return b[c + s.b]; }
fn lhs_along_k() -> bool { return dims.ak == 1u; }
fn rhs_along_k() -> bool { return dims.bk == 1u; }
