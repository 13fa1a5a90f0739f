// Noise of a block of four values, drawn.
@group(0) @binding(4) var<storage, read> random: array<u32>;  // (2) seed, step

fn noise_of(block: u32) -> vec4f {
  return draw(random_words(random[0], random[1], dims.stream, block));
}
