// Chunk: keeps what goes into the activation, for backward.
@group(0) @binding(7) var<storage, read_write> pre: array<f32>;  // (Z, M, N)

fn keep_pre(i: u32, value: f32) { pre[i] = value; }
