// Chunk: sizes of a convolution x (B, C, H, W) * w (O, C, KH, KW) = y (B, O, OH, OW), and of the product that computes it.

struct Dims {
  Z: u32, S: u32, M: u32, N: u32, K: u32,
  B: u32, C: u32, H: u32, W: u32,
  O: u32, KH: u32, KW: u32, OH: u32, OW: u32,
  stride: u32, padding: u32,
}

@group(0) @binding(0) var<uniform> dims: Dims;
