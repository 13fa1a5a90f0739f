// Lines along the middle axis of (K, S, C), an invocation each: neighbours read neighbouring columns. An invocation visits the
// values s of its line from line_from() to before S by line_step(), each at line_place(); line_max() and line_sum() join what all
// invocations of a line found; the leader alone writes what there is once a line. Goes behind flat_index.wgsl.
fn line_number(group: vec3u, groups: vec3u, thread: u32) -> u32 { return flat_index(group, groups, thread); }
fn line_base(line: u32) -> u32 { return line / dims.C * dims.S * dims.C + line % dims.C; }
fn line_place(base: u32, s: u32) -> u32 { return base + s * dims.C; }
fn line_from(_thread: u32) -> u32 { return 0u; }
fn line_step() -> u32 { return 1u; }
fn line_max(_thread: u32, value: f32) -> f32 { return value; }
fn line_sum(_thread: u32, value: f32) -> f32 { return value; }
fn line_leader(_thread: u32) -> bool { return true; }
