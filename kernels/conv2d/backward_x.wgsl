// Chunk: the operands of dx, gathered: forward is y[o, oh, ow] += w[o, c, i, j] * x[c, oh * stride - padding + i, ...], so
// dx[c, h, ...] = sum of w[o, c, i, j] * dy[o, (h + padding - i) / stride, ...] over the i that stride divides.
//
// Positions h of one phase h % stride meet the same i = first + stride * t, so each phase is a product of its own without terms
// that are always zero: Z = (b, phase of h, phase of w), N = (h / stride, w / stride), K = (o, t of i, t of j).

@group(0) @binding(1) var<storage, read> w: array<f32>;   // (O, C, KH, KW)
@group(0) @binding(2) var<storage, read> dy: array<f32>;  // (B, O, OH, OW)

// m, and the first i and j of the phase.
struct Row { base: u32, i: u32, j: u32 }
// The position of dy that meets the first i and j.
struct Column { base: u32, oh: u32, ow: u32, i: u32, j: u32 }
// k = (o, t, u); i = first + stride * t.
struct Step { o: u32, t: u32, u: u32 }

// How many t and u there are.
fn taps() -> vec2u { return (vec2u(dims.KH, dims.KW) + dims.stride - 1u) / dims.stride; }

fn phase(z: u32) -> vec2u { return vec2u(z / dims.stride, z) % dims.stride; }

fn row(z: u32, m: u32) -> Row {
  let first = (phase(z) + dims.padding) % dims.stride;
  return Row(m * dims.KH * dims.KW, first.x, first.y);
}

fn column(z: u32, n: u32) -> Column {
  let shifted = phase(z) + dims.padding;
  let across = (dims.W + dims.stride - 1u) / dims.stride;
  let meets = vec2u(n / across, n % across) + shifted / dims.stride;
  let first = shifted % dims.stride;
  return Column(z / (dims.stride * dims.stride) * dims.O * dims.OH * dims.OW, meets.x, meets.y, first.x, first.y);
}

fn step_at(k: u32) -> Step {
  let n = taps();
  return Step(k / (n.x * n.y), k / n.y % n.x, k % n.y);
}

fn next(s: Step) -> Step {
  let n = taps();
  let wraps = s.u + 1u == n.y;
  let t = s.t + u32(wraps);
  let ends = t == n.x;
  return Step(s.o + u32(ends), select(t, 0u, ends), select(s.u + 1u, 0u, wraps));
}

fn lhs(r: Row, s: Step) -> f32 {
  let i = r.i + s.t * dims.stride;
  let j = r.j + s.u * dims.stride;
  return select(0.0, w[s.o * dims.C * dims.KH * dims.KW + r.base + i * dims.KW + j], i < dims.KH && j < dims.KW);
}

fn rhs(c: Column, s: Step) -> f32 {
  // Below zero these are large numbers.
  let oh = c.oh - s.t;
  let ow = c.ow - s.u;
  // The last two conditions are those of lhs: zero times an infinite dy would be NaN.
  let met = oh < dims.OH && ow < dims.OW && c.i + s.t * dims.stride < dims.KH && c.j + s.u * dims.stride < dims.KW;
  return select(0.0, dy[c.base + (s.o * dims.OH + oh) * dims.OW + ow], met);
}

fn lhs_along_k() -> bool { return false; }
fn rhs_along_k() -> bool { return false; }
