// Chunk: the operands of y[b] (O, OH OW) = w (O, C KH KW) times the windows of x[b] (C KH KW, OH OW), which are never stored.

@group(0) @binding(1) var<storage, read> w: array<f32>;  // (O, C, KH, KW)
@group(0) @binding(2) var<storage, read> x: array<f32>;  // (B, C, H, W)

// The upper left corner of a window, which padding may put outside of x.
struct Column { base: u32, top: i32, left: i32 }
// k = (c, i, j)
struct Step { k: u32, plane: u32, i: u32, j: u32 }

fn row(z: u32, m: u32) -> u32 { return m * dims.K; }

fn column(z: u32, n: u32) -> Column {
  let origin = vec2i(vec2u(n / dims.OW, n % dims.OW) * dims.stride) - i32(dims.padding);
  return Column(z * dims.C * dims.H * dims.W, origin.x, origin.y);
}

fn step_at(k: u32) -> Step {
  let area = dims.KH * dims.KW;
  return Step(k, k / area * dims.H * dims.W, k % area / dims.KW, k % dims.KW);
}

fn next(s: Step) -> Step {
  let wraps = s.j + 1u == dims.KW;
  let i = s.i + u32(wraps);
  let ends = i == dims.KH;
  return Step(s.k + 1u, s.plane + select(0u, dims.H * dims.W, ends), select(i, 0u, ends), select(s.j + 1u, 0u, wraps));
}

fn lhs(r: u32, s: Step) -> f32 { return w[r + s.k]; }

fn rhs(c: Column, s: Step) -> f32 {
  let h = u32(c.top + i32(s.i));
  let v = u32(c.left + i32(s.j));
  // Positions above or left of x are large numbers here.
  return select(0.0, x[c.base + s.plane + h * dims.W + v], h < dims.H && v < dims.W);
}

fn lhs_along_k() -> bool { return true; }
fn rhs_along_k() -> bool { return false; }
