// Joins the lists of an entry, chunk after chunk, into one that starts at heads[0, v]. One invocation an entry.

struct Dims { V: u32, chunks: u32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> heads: array<u32>;  // (chunks, V)
@group(0) @binding(2) var<storage, read_write> next: array<u32>;   // (R)

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let v = flat_index(group, groups, thread);
  if (v >= dims.V) { return; }
  var first = NONE;
  for (var chunk = dims.chunks; chunk > 0u; chunk--) {
    let head = heads[(chunk - 1u) * dims.V + v];
    if (head == NONE) { continue; }
    var last = head;
    loop {
      let r = next[last];
      if (r == NONE) { break; }
      last = r;
    }
    next[last] = first;
    first = head;
  }
  heads[v] = first;
}
