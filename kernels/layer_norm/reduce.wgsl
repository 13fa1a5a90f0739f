// dgamma and dbeta from the sums of the chunks, always added in the same order. One invocation a column.

struct Dims { C: u32, chunks: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> partial: array<f32>;       // (2, chunks, C)
@group(0) @binding(2) var<storage, read_write> dgamma: array<f32>;  // (C)
@group(0) @binding(3) var<storage, read_write> dbeta: array<f32>;   // (C)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let c = flat_index(group, groups, thread);
  if (c >= dims.C) { return; }
  var gamma = 0.0;
  var beta = 0.0;
  for (var chunk = 0u; chunk < dims.chunks; chunk++) {
    gamma += partial[chunk * dims.C + c];
    beta += partial[(dims.chunks + chunk) * dims.C + c];
  }
  dgamma[c] = gamma;
  dbeta[c] = beta;
}
