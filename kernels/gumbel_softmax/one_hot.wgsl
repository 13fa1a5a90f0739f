// y = 1 at the largest value of each column of x, the first of equals, else 0. A column without a largest value (NaN) is
// copied. A workgroup works on COLUMNS columns.

struct Dims { K: u32, S: u32, columns: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;        // (B, K, S)
@group(0) @binding(2) var<storage, read_write> y: array<f32>;  // (B, K, S)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let column = (group.y * groups.x + group.x) * COLUMNS + thread % COLUMNS;
  let K = select(0u, dims.K, column < dims.columns);
  let first = column / dims.S * dims.K * dims.S + column % dims.S;

  var top = -3.402823e38;
  for (var k = thread / COLUMNS; k < K; k += THREADS / COLUMNS) { top = max(top, x[first + k * dims.S]); }
  top = column_max(thread, top);
  var place = dims.K;
  for (var k = thread / COLUMNS; k < K; k += THREADS / COLUMNS) { if (x[first + k * dims.S] == top) { place = min(place, k); } }
  let found = u32(-column_max(thread, -f32(place))); // whole numbers up to 2^24 are exact

  for (var k = thread / COLUMNS; k < K; k += THREADS / COLUMNS) {
    let i = first + k * dims.S;
    y[i] = select(x[i], select(0.0, 1.0, k == found), found < dims.K);
  }
}
