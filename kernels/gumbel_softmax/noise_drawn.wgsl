// Noise of four values of a column, drawn: the block number counts quads of the K axis, then columns.
@group(0) @binding(4) var<storage, read> random: array<u32>;  // (2) seed, step

fn noise_of(column: u32, quad: u32) -> vec4f {
  return draw(random_words(random[0], random[1], dims.stream, column * ((dims.K + 3u) / 4u) + quad));
}
