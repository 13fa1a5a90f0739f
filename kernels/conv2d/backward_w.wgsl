// Chunk: the operands of dw (O, C KH KW) = dy (O, B OH OW) times the windows of x (B OH OW, C KH KW).
// forward: y[b, o, oh, ow] += w[o, c, i, j] * x[b, c, oh * stride - padding + i, ow * stride - padding + j]

@group(0) @binding(1) var<storage, read> dy: array<f32>;  // (B, O, OH, OW)
@group(0) @binding(2) var<storage, read> x: array<f32>;   // (B, C, H, W)

// n = (c, i, j), with the padding taken off.
struct Column { plane: u32, i: i32, j: i32 }
// k = (b, oh, ow)
struct Step { b: u32, oh: u32, ow: u32 }

fn row(z: u32, m: u32) -> u32 { return m * dims.OH * dims.OW; }

fn column(z: u32, n: u32) -> Column {
  let area = dims.KH * dims.KW;
  let at = vec2i(vec2u(n % area / dims.KW, n % dims.KW)) - i32(dims.padding);
  return Column(n / area * dims.H * dims.W, at.x, at.y);
}

fn step_at(k: u32) -> Step { return Step(k / (dims.OH * dims.OW), k / dims.OW % dims.OH, k % dims.OW); }

fn next(s: Step) -> Step {
  let wraps = s.ow + 1u == dims.OW;
  let oh = s.oh + u32(wraps);
  let ends = oh == dims.OH;
  return Step(s.b + u32(ends), select(oh, 0u, ends), select(s.ow + 1u, 0u, wraps));
}

fn lhs(r: u32, s: Step) -> f32 { return dy[r + (s.b * dims.O * dims.OH + s.oh) * dims.OW + s.ow]; }

fn rhs(c: Column, s: Step) -> f32 {
  // Positions above or left of x are large numbers here.
  let h = u32(i32(s.oh * dims.stride) + c.i);
  let v = u32(i32(s.ow * dims.stride) + c.j);
  return select(0.0, x[s.b * dims.C * dims.H * dims.W + c.plane + h * dims.W + v], h < dims.H && v < dims.W);
}

fn lhs_along_k() -> bool { return true; }
fn rhs_along_k() -> bool { return true; }
