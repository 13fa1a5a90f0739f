// forward: y = softmax of (logits + noise) / tau, then dx = y * (dy - sum(y * dy)) / tau along the middle axis; dx is the
// gradient of logits and of noise. A workgroup works on COLUMNS columns.

struct Dims { K: u32, S: u32, columns: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> y: array<f32>;         // (B, K, S)
@group(0) @binding(2) var<storage, read> tau: array<f32>;       // (1)
@group(0) @binding(3) var<storage, read> dy: array<f32>;        // (B, K, S)
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;  // (B, K, S)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let column = (group.y * groups.x + group.x) * COLUMNS + thread % COLUMNS;
  let K = select(0u, dims.K, column < dims.columns);
  let first = column / dims.S * dims.K * dims.S + column % dims.S;

  var sum = 0.0;
  for (var k = thread / COLUMNS; k < K; k += THREADS / COLUMNS) { sum += y[first + k * dims.S] * dy[first + k * dims.S]; }
  sum = column_sum(thread, sum);
  for (var k = thread / COLUMNS; k < K; k += THREADS / COLUMNS) {
    let i = first + k * dims.S;
    dx[i] = y[i] * (dy[i] - sum) / tau[0];
  }
}
