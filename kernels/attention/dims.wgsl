// Chunk: where heads lie, counted in blocks. q, k and v of a token are `part` apart; the other strides lead from one batch entry,
// token or head to the next, in qkv and (out_...) in out. BLOCKS blocks make a head.
struct Dims {
  T: u32, NH: u32, scale: f32, part: u32,
  batch: u32, token: u32, head: u32,
  out_batch: u32, out_token: u32, out_head: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;

override THREADS: u32;
override BLOCKS: u32;
