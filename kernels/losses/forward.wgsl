// Sums of loss(a, b, c) over spans of values, one workgroup a span. `loss` comes from l1.wgsl, l2.wgsl, ...

@group(0) @binding(4) var<storage, read_write> partial_sums: array<f32>;  // (spans)

const SPAN = 4096u;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let span = group.y * groups.x + group.x;
  let start = span * SPAN;
  if (start >= dims.N) { return; }
  var sum = 0.0;
  for (var i = start + thread; i < min(dims.N, start + SPAN); i += THREADS) { sum += loss(a[i], b[i], third(i)); }
  sum = workgroup_sum(thread, sum);
  if (thread == 0u) { partial_sums[span] = sum; }
}
