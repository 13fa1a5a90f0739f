// The k largest values of each row with their places, largest first; of equal values the first comes first. One workgroup a row.
//
// Each round finds the largest pair (value, place) that ranks behind the one before, so nothing needs to be marked as taken. NaN
// never ranks: what is missing then has value NaN and place S.

struct Dims { R: u32, S: u32, k: u32, nan: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;              // (R, S)
@group(0) @binding(2) var<storage, read_write> values: array<f32>;   // (R, k)
@group(0) @binding(3) var<storage, read_write> indices: array<u32>;  // (R, k)

const THREADS = 64u;
var<workgroup> best: array<Ranked, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let r = group.y * groups.x + group.x;
  if (r >= dims.R) { return; }

  var before = Ranked(0.0, NOWHERE);
  for (var n = 0u; n < dims.k; n++) {
    var found = Ranked(dims.nan, NOWHERE);
    for (var s = thread; s < dims.S; s += THREADS) {
      let candidate = Ranked(x[r * dims.S + s], s);
      if (follows(candidate, before, n) && leads(candidate, found)) { found = candidate; }
    }
    workgroupBarrier(); // the round before may still be read
    best[thread] = found;
    for (var half = THREADS / 2u; half > 0u; half /= 2u) {
      workgroupBarrier();
      if (thread < half && leads(best[thread + half], best[thread])) { best[thread] = best[thread + half]; }
    }
    workgroupBarrier();
    before = best[0];
    if (thread == 0u) {
      values[r * dims.k + n] = before.value;
      indices[r * dims.k + n] = min(before.place, dims.S);
    }
  }
}
