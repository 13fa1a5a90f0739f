// Chunk: GELU in its exact form, x * Phi(x), and its gradient Phi(x) + x * phi(x) from x. Error below 3e-7.
//
// With z = |x| / sqrt(2): Phi(-|x|) = erfc(z) / 2 = exp(-z * z) * Q(t) / 2, t = 1 / (1 + 0.4 z), where Q is a minimax polynomial
// (relative error 6e-8 on 0 <= z <= 9.4, found by the Remez exchange). Working with erfc instead of erf keeps the digits of the
// left tail; exp(-z * z) serves the density too.

struct Normal { cumulative: f32, density: f32 }

fn normal(x: f32) -> Normal {
  let z = min(abs(x), 20.0) * 0.70710678; // exp(-z * z) is 0 there; the product with x keeps NaN
  let t = 1.0 / (1.0 + 0.4 * z);
  var q = 0.0400542;
  q = q * t - 0.134417907;
  q = q * t + 0.0716288176;
  q = q * t + 0.102309055;
  q = q * t + 0.0696895821;
  q = q * t + 0.197755396;
  q = q * t + 0.200750791;
  q = q * t + 0.226605632;
  q = q * t + 0.22562449;
  let e = exp(-z * z);
  let tail = 0.5 * e * q * t;
  return Normal(select(1.0 - tail, tail, x < 0.0), 0.39894228 * e);
}

fn apply(x: f32) -> f32 { return x * normal(x).cumulative; }
fn derivative(x: f32, dy: f32) -> f32 {
  let n = normal(x);
  return dy * (n.cumulative + x * n.density);
}
