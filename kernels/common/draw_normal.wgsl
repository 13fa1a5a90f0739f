// Four numbers of the standard normal distribution, two by two by Box and Muller: the radius from the first word of a pair, the
// angle from the second.

// Cosine and sine of a random angle. Its quadrant is two bits, so the polynomials need to reach pi / 4 only; the built-in
// functions are allowed an error of 2^-11.
fn random_direction(word: u32) -> vec2f {
  let a = ((f32((word << 2u) >> 9u) + 0.5) / 8388608.0 - 0.5) * 1.57079633;
  let q = a * a;
  let s = a * (1.0 - q / 6.0 * (1.0 - q / 20.0 * (1.0 - q / 42.0 * (1.0 - q / 72.0))));
  let c = 1.0 - q / 2.0 * (1.0 - q / 12.0 * (1.0 - q / 30.0 * (1.0 - q / 56.0 * (1.0 - q / 90.0))));
  let quadrant = word >> 30u;
  let turned = select(vec2f(c, s), vec2f(-s, c), (quadrant & 1u) == 1u);
  return select(turned, -turned, quadrant >= 2u);
}

fn draw(words: vec4u) -> vec4f {
  return vec4f(
    sqrt(2.0 * exponential(words.x)) * random_direction(words.y),
    sqrt(2.0 * exponential(words.z)) * random_direction(words.w),
  );
}
