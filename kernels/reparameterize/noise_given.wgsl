// Noise of a block of four values, from a tensor.
@group(0) @binding(4) var<storage, read> noise: array<f32>;  // (N)

fn noise_of(block: u32) -> vec4f {
  var values = vec4f();
  for (var j = 0u; j < min(4u, dims.N - block * 4u); j++) { values[j] = noise[block * 4u + j]; }
  return values;
}
