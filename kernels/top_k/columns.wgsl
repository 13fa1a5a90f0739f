// The k largest values along the middle axis with their places, largest first; of equal values the first comes first. One
// invocation a line; rounds as in rows.wgsl.

struct Dims { K: u32, S: u32, C: u32, k: u32, nan: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> x: array<f32>;              // (K, S, C)
@group(0) @binding(2) var<storage, read_write> values: array<f32>;   // (K, k, C)
@group(0) @binding(3) var<storage, read_write> indices: array<u32>;  // (K, k, C)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.K * dims.C) { return; }
  let line = i / dims.C;
  let c = i % dims.C;

  var before = Ranked(0.0, NOWHERE);
  for (var n = 0u; n < dims.k; n++) {
    var found = Ranked(dims.nan, NOWHERE);
    for (var s = 0u; s < dims.S; s++) {
      let candidate = Ranked(x[(line * dims.S + s) * dims.C + c], s);
      if (follows(candidate, before, n) && leads(candidate, found)) { found = candidate; }
    }
    before = found;
    values[(line * dims.k + n) * dims.C + c] = found.value;
    indices[(line * dims.k + n) * dims.C + c] = min(found.place, dims.S);
  }
}
