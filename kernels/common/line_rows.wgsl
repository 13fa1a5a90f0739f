// Lines of (K, S, 1), a workgroup each: its threads stride over the line and share what they found. The functions are those of
// line_columns.wgsl; the number of a line is that of the workgroup, so barriers may follow. Goes behind workgroup_sum.wgsl and
// workgroup_max.wgsl.
fn line_number(group: vec3u, groups: vec3u, _thread: u32) -> u32 { return group.y * groups.x + group.x; }
fn line_base(line: u32) -> u32 { return line * dims.S; }
fn line_place(base: u32, s: u32) -> u32 { return base + s; }
fn line_from(thread: u32) -> u32 { return thread; }
fn line_step() -> u32 { return THREADS; }
fn line_max(thread: u32, value: f32) -> f32 { return workgroup_max(thread, value); }
fn line_sum(thread: u32, value: f32) -> f32 { return workgroup_sum(thread, value); }
fn line_leader(thread: u32) -> bool { return thread == 0u; }
