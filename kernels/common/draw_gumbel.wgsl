// Four numbers of the standard Gumbel distribution: -ln of exponential draws.
fn draw(words: vec4u) -> vec4f {
  return -log(vec4f(exponential(words.x), exponential(words.y), exponential(words.z), exponential(words.w)));
}
