// With n = (x - mean) * rstd and g = gamma * dy: dx = rstd * (g - mean(g) - n * mean(g * n)) + residual, where residual is the
// gradient that passes x by, if any. One workgroup per row.

struct Dims { R: u32, C: u32 }

override RESIDUAL = false;

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;         // (R, C)
@group(0) @binding(2) var<storage, read> gamma: array<f32>;     // (C)
@group(0) @binding(3) var<storage, read> mean: array<f32>;      // (R)
@group(0) @binding(4) var<storage, read> rstd: array<f32>;      // (R)
@group(0) @binding(5) var<storage, read> dy: array<f32>;        // (R, C)
@group(0) @binding(6) var<storage, read> residual: array<f32>;  // (R, C)
@group(0) @binding(7) var<storage, read_write> dx: array<f32>;  // (R, C)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let r = group.y * groups.x + group.x;
  if (r >= dims.R) { return; }
  let row = r * dims.C;
  let m = mean[r];
  let s = rstd[r];

  var sum_g = 0.0;
  var sum_gn = 0.0;
  for (var c = thread; c < dims.C; c += THREADS) {
    let g = gamma[c] * dy[row + c];
    sum_g += g;
    sum_gn += g * (x[row + c] - m) * s;
  }
  let mean_g = workgroup_sum(thread, sum_g) / f32(dims.C);
  let mean_gn = workgroup_sum(thread, sum_gn) / f32(dims.C);

  for (var c = thread; c < dims.C; c += THREADS) {
    let n = (x[row + c] - m) * s;
    var value = s * (gamma[c] * dy[row + c] - mean_g - n * mean_gn);
    if (RESIDUAL) { value += residual[row + c]; }
    dx[row + c] = value;
  }
}
