// Links the rows of each table entry within a chunk of rows: heads[chunk, v] is the first row of the chunk whose index is v,
// next[r] the row after r. One invocation a chunk walks it backwards, so that lists run forwards. Nobody else touches its heads.

struct Dims { R: u32, V: u32, length: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read> indices: array<u32>;      // (R)
@group(0) @binding(2) var<storage, read_write> heads: array<u32>;  // (chunks, V)
@group(0) @binding(3) var<storage, read_write> next: array<u32>;   // (R)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let chunk = flat_index(group, groups, thread);
  let start = chunk * dims.length;
  if (start >= dims.R) { return; }
  for (var r = min(dims.R, start + dims.length); r > start; r--) {
    let v = indices[r - 1u];
    if (v >= dims.V) { continue; }
    next[r - 1u] = heads[chunk * dims.V + v];
    heads[chunk * dims.V + v] = r - 1u;
  }
}
