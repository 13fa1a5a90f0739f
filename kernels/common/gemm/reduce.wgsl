// Adds the S parts of every value of a product, always in the same order. One invocation a value.

@group(0) @binding(8) var<storage, read> partial: array<f32>;  // (S, Z, M, N)

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = (group.y * groups.x + group.x) * 64u + thread;
  let values = dims.Z * dims.M * dims.N;
  if (i >= values) { return; }
  var sum = 0.0;
  for (var part = 0u; part < dims.S; part++) { sum += partial[part * values + i]; }
  store(i / (dims.M * dims.N), i / dims.N % dims.M, i % dims.N, sum);
}
