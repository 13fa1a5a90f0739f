// y = softmax of z = (logits + noise) / tau over the middle axis. A workgroup works on COLUMNS columns, a lane on every
// LANES-th group of four values. z is kept in y between the passes; each invocation reads back only what it wrote.

struct Dims { K: u32, S: u32, columns: u32, stream: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> logits: array<f32>;   // (B, K, S)
@group(0) @binding(2) var<storage, read> tau: array<f32>;      // (1)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // (B, K, S)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let column = (group.y * groups.x + group.x) * COLUMNS + thread % COLUMNS;
  let quads = select(0u, (dims.K + 3u) / 4u, column < dims.columns);
  let first = column / dims.S * dims.K * dims.S + column % dims.S;
  let LANES = THREADS / COLUMNS;

  var top = -3.402823e38;
  for (var quad = thread / COLUMNS; quad < quads; quad += LANES) {
    let drawn = noise_of(column, quad);
    for (var j = 0u; j < min(4u, dims.K - quad * 4u); j++) {
      let i = first + (quad * 4u + j) * dims.S;
      let z = (logits[i] + drawn[j]) / tau[0];
      y[i] = z;
      top = max(top, z);
    }
  }
  top = column_max(thread, top);

  var sum = 0.0;
  for (var quad = thread / COLUMNS; quad < quads; quad += LANES) {
    for (var j = 0u; j < min(4u, dims.K - quad * 4u); j++) {
      let i = first + (quad * 4u + j) * dims.S;
      let e = exp(y[i] - top);
      y[i] = e;
      sum += e;
    }
  }
  sum = column_sum(thread, sum);

  for (var quad = thread / COLUMNS; quad < quads; quad += LANES) {
    for (var j = 0u; j < min(4u, dims.K - quad * 4u); j++) { y[first + (quad * 4u + j) * dims.S] /= sum; }
  }
}
