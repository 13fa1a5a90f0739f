// y[z, m, n] = sum over k of lhs(m, k) * rhs(k, n). One invocation a value: for products too small or too narrow for tiles.

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  // A tile is one row of 64 columns, or one column of 64 rows where y is narrower than that.
  let narrow = dims.N < 64u;
  let tile = tile_of(group, groups, select(1u, 64u, narrow), select(64u, 1u, narrow));
  let m = tile.m + select(0u, thread, narrow);
  let n = tile.n + select(thread, 0u, narrow);
  if (!tile.inside || m >= dims.M || n >= dims.N) { return; }
  let r = row(tile.z, m);
  let c = column(tile.z, n);
  var s = step_at(tile.start);
  var sum = 0.0;
  for (var k = tile.start; k < tile.end; k++) {
    sum = fma(lhs(r, s), rhs(c, s), sum);
    s = next(s);
  }
  store(tile.slice, m, n, sum);
}
