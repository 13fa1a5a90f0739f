// Cross-entropy of each row: sum over v of t'(v) * (lse - logits(v)), where t' = (1 - smoothing) * t + smoothing / V and lse is the
// logarithm of the sum of exponentials. One workgroup a row: largest logit, then every sum in one pass. Rows of weight 0 are left
// out. `correct` is 1 where no logit ranks before the label's, of equal ones the first being the larger.

struct Dims { R: u32, V: u32, smoothing: f32, nan: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> logits: array<f32>;         // (R, V)
@group(0) @binding(4) var<storage, read_write> losses: array<f32>;   // (R)
@group(0) @binding(5) var<storage, read_write> lse: array<f32>;      // (R)
@group(0) @binding(6) var<storage, read_write> mass: array<f32>;     // (R)
@group(0) @binding(7) var<storage, read_write> correct: array<f32>;  // (R)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let r = group.y * groups.x + group.x;
  if (r >= dims.R) { return; }
  if (weight_of(r) == 0.0) {
    if (thread == 0u) {
      losses[r] = 0.0;
      lse[r] = 0.0;
      mass[r] = 0.0;
      correct[r] = 0.0;
    }
    return;
  }
  let row = r * dims.V;

  var m = -3.402823e38;
  for (var v = thread; v < dims.V; v += THREADS) { m = max(m, logits[row + v]); }
  m = workgroup_max(thread, m);

  let label = label_of(r);
  let own = logits[row + min(label, dims.V - 1u)];
  var sums = vec4f(); // exponentials; target * (m - logit); target; logits that rank before the label's
  var gaps = 0.0;     // m - logit
  for (var v = thread; v < dims.V; v += THREADS) {
    let x = logits[row + v];
    let behind = x < own || (x == own && v >= label);
    sums += vec4f(exp(x - m), on_target(r, v, m - x), on_target(r, v, 1.0), select(1.0, 0.0, behind));
    gaps += m - x;
  }
  sums = workgroup_sum4(thread, sums);
  if (dims.smoothing > 0.0) { gaps = workgroup_sum(thread, gaps) / f32(dims.V); } else { gaps = 0.0; }

  if (thread == 0u) {
    let keep = 1.0 - dims.smoothing;
    let all = keep * mass_of(r, sums.z) + dims.smoothing;
    losses[r] = keep * sums.y + dims.smoothing * gaps + all * log(sums.x);
    lse[r] = m + log(sums.x);
    mass[r] = all;
    correct[r] = select(0.0, 1.0, sums.w == 0.0 && label < dims.V);
  }
}
