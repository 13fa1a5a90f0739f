// Gradient of softmax or log-softmax of each line, from its result.

struct Dims { K: u32, S: u32, C: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> y: array<f32>;         // (K, S, C)
@group(0) @binding(2) var<storage, read> dy: array<f32>;        // (K, S, C)
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;  // (K, S, C)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let line = line_number(group, groups, thread);
  if (line >= dims.K * dims.C) { return; }
  let base = line_base(line);

  var sum = 0.0;
  for (var s = line_from(thread); s < dims.S; s += line_step()) {
    let i = line_place(base, s);
    sum += term(y[i], dy[i]);
  }
  sum = line_sum(thread, sum);
  for (var s = line_from(thread); s < dims.S; s += line_step()) {
    let i = line_place(base, s);
    dx[i] = derivative(y[i], dy[i], sum);
  }
}
