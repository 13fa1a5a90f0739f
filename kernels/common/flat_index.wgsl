// Number of this invocation in a grid of workgroups of THREADS, which the device may have spread over x and y.
const THREADS = 64u;

fn flat_index(group: vec3u, groups: vec3u, thread: u32) -> u32 {
  return (group.y * groups.x + group.x) * THREADS + thread;
}
