// Chunk for common/gemm: operands of a product for each of Z heads. Head z of this launch is head h of batch entry b, where
// start + z = b * NH + h. Heads of tensors are found by the strides for b and h, those of scratch tensors, which hold this
// launch's heads only, by the one for z. The strides of m, n and k say what is transposed.

struct Dims {
  Z: u32, S: u32, M: u32, N: u32, K: u32,
  NH: u32, start: u32, T: u32, scale: f32, per_head: f32,
  a_at: u32, a_z: u32, a_b: u32, a_h: u32, a_m: u32, a_k: u32,
  b_at: u32, b_z: u32, b_b: u32, b_h: u32, b_n: u32, b_k: u32,
  y_at: u32, y_b: u32, y_h: u32, y_m: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> a: array<f32>;  // (..., M, ..., K) by its strides
@group(0) @binding(2) var<storage, read> b: array<f32>;  // (..., N, ..., K) by its strides

struct Step { a: u32, b: u32 }

// A product with per_head = 1 / NH instead of a division, which costs dozens of instructions; exact below two million heads.
fn batch_of(z: u32) -> u32 { return u32((f32(dims.start + z) + 0.5) * dims.per_head); }
fn head_of(z: u32) -> u32 { return dims.start + z - batch_of(z) * dims.NH; }
fn row(z: u32, m: u32) -> u32 { return dims.a_at + z * dims.a_z + batch_of(z) * dims.a_b + head_of(z) * dims.a_h + m * dims.a_m; }
fn column(z: u32, n: u32) -> u32 { return dims.b_at + z * dims.b_z + batch_of(z) * dims.b_b + head_of(z) * dims.b_h + n * dims.b_n; }
fn step_at(k: u32) -> Step { return Step(k * dims.a_k, k * dims.b_k); }
fn next(s: Step) -> Step { return Step(s.a + dims.a_k, s.b + dims.b_k); }
fn lhs(r: u32, s: Step) -> f32 { return a[r + s.a]; }
fn rhs(c: u32, s: Step) -> f32 { return b[c + s.b]; }
fn lhs_along_k() -> bool { return dims.a_k == 1u; }
fn rhs_along_k() -> bool { return dims.b_k == 1u; }
