// y[z, m, n] = sum over k of lhs(m, k) * rhs(k, n), for graphics processors.
//
// T * T invocations compute a tile of 8T x 8T values, 8 x 8 each, from slabs of 8 steps of k in workgroup memory. A vec4 holds the
// rows (columns) r, r + 2T, r + 4T, r + 6T, so that neighbouring invocations load and store neighbouring addresses without
// vector loads, whose alignment odd sizes would break. Slabs are padded by one vec4 against bank conflicts.

override T: u32 = 8u;
override THREADS: u32 = T * T;
override QUARTER: u32 = T * 2u;
override PITCH: u32 = T * 2u + 1u;
override SLAB: u32 = PITCH * 8u;

var<workgroup> left: array<vec4f, SLAB>;
var<workgroup> right: array<vec4f, SLAB>;

var<private> p0: vec4f;  var<private> q0: vec4f;
var<private> p1: vec4f;  var<private> q1: vec4f;
var<private> p2: vec4f;  var<private> q2: vec4f;
var<private> p3: vec4f;  var<private> q3: vec4f;
var<private> p4: vec4f;  var<private> q4: vec4f;
var<private> p5: vec4f;  var<private> q5: vec4f;
var<private> p6: vec4f;  var<private> q6: vec4f;
var<private> p7: vec4f;  var<private> q7: vec4f;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let tile = tile_of(group, groups, T * 8u, T * 8u);
  if (!tile.inside) { return; }
  let down = thread / T;
  let across = thread % T;
  for (var k = tile.start; k < tile.end; k += 8u) {
    stage(tile, k, thread);
    if (T == 8u) { stage(tile, k, thread + THREADS); }
    workgroupBarrier();
    // Written out: naga puts a counter into every loop, which keeps drivers from unrolling it.
    accumulate(down, across);
    accumulate(down + 1u * PITCH, across + 1u * PITCH);
    accumulate(down + 2u * PITCH, across + 2u * PITCH);
    accumulate(down + 3u * PITCH, across + 3u * PITCH);
    accumulate(down + 4u * PITCH, across + 4u * PITCH);
    accumulate(down + 5u * PITCH, across + 5u * PITCH);
    accumulate(down + 6u * PITCH, across + 6u * PITCH);
    accumulate(down + 7u * PITCH, across + 7u * PITCH);
    workgroupBarrier();
  }
  let m = tile.m + down;
  let n = tile.n + across;
  // In a loop, since the epilogue written out 64 times would take seconds to compile.
  var sums = array<vec4f, 16>(
    p0, q0, p1, q1, p2, q2, p3, q3,
    p4, q4, p5, q5, p6, q6, p7, q7,
  );
  for (var i = 0u; i < 64u; i++) {
    let r = m + i / 32u * T + i / 8u % 4u * QUARTER;
    let c = n + i / 4u % 2u * T + i % 4u * QUARTER;
    if (r < dims.M && c < dims.N) { store(tile.slice, r, c, sums[i / 4u][i % 4u]); }
  }
}

// Loads the i-th of 2T * 8 vec4 of either slab; zeros beyond the end of this part of k.
fn stage(tile: Tile, start: u32, i: u32) {
  // Neighbouring invocations load along the axis whose values are neighbours.
  let lk = select(i / QUARTER, i % 8u, lhs_along_k());
  let m = select(i % QUARTER, i / 8u, lhs_along_k());
  let rk = select(i / QUARTER, i % 8u, rhs_along_k());
  let n = select(i % QUARTER, i / 8u, rhs_along_k());
  let ls = step_at(min(start + lk, tile.end - 1u));
  let rs = step_at(min(start + rk, tile.end - 1u));
  let l = vec4f(
    lhs(row(tile.z, min(tile.m + m, dims.M - 1u)), ls),
    lhs(row(tile.z, min(tile.m + m + 1u * QUARTER, dims.M - 1u)), ls),
    lhs(row(tile.z, min(tile.m + m + 2u * QUARTER, dims.M - 1u)), ls),
    lhs(row(tile.z, min(tile.m + m + 3u * QUARTER, dims.M - 1u)), ls),
  );
  let r = vec4f(
    rhs(column(tile.z, min(tile.n + n, dims.N - 1u)), rs),
    rhs(column(tile.z, min(tile.n + n + 1u * QUARTER, dims.N - 1u)), rs),
    rhs(column(tile.z, min(tile.n + n + 2u * QUARTER, dims.N - 1u)), rs),
    rhs(column(tile.z, min(tile.n + n + 3u * QUARTER, dims.N - 1u)), rs),
  );
  left[lk * PITCH + m] = select(vec4f(), l, start + lk < tile.end);
  right[rk * PITCH + n] = select(vec4f(), r, start + rk < tile.end);
}

fn accumulate(l: u32, r: u32) {
  let a = left[l];
  let b = left[l + T];
  let x = right[r];
  let y = right[r + T];
  p0 = fma(vec4f(a.x), x, p0); q0 = fma(vec4f(a.x), y, q0);
  p1 = fma(vec4f(a.y), x, p1); q1 = fma(vec4f(a.y), y, q1);
  p2 = fma(vec4f(a.z), x, p2); q2 = fma(vec4f(a.z), y, q2);
  p3 = fma(vec4f(a.w), x, p3); q3 = fma(vec4f(a.w), y, q3);
  p4 = fma(vec4f(b.x), x, p4); q4 = fma(vec4f(b.x), y, q4);
  p5 = fma(vec4f(b.y), x, p5); q5 = fma(vec4f(b.y), y, q5);
  p6 = fma(vec4f(b.z), x, p6); q6 = fma(vec4f(b.z), y, q6);
  p7 = fma(vec4f(b.w), x, p7); q7 = fma(vec4f(b.w), y, q7);
}
