// Noise of four values of a column, from a tensor.
@group(0) @binding(4) var<storage, read> noise: array<f32>;  // (B, K, S)

fn noise_of(column: u32, quad: u32) -> vec4f {
  let first = column / dims.S * dims.K * dims.S + column % dims.S;
  var values = vec4f();
  for (var j = 0u; j < min(4u, dims.K - quad * 4u); j++) { values[j] = noise[first + (quad * 4u + j) * dims.S]; }
  return values;
}
