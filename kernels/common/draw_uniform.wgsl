// Four numbers of the uniform distribution over [0, 1): 24 random bits each.
fn draw(words: vec4u) -> vec4f {
  return vec4f(words >> vec4u(8u)) / 16777216.0;
}
