// Random words of an op: Philox 4x32-10 (Salmon et al. 2011), equal to src/philox.ts bit for bit. The rule of counter and key
// is written down in kernels/random/words.ts.

fn multiply_high(a: u32, b: u32) -> u32 {
  let a0 = a & 0xffffu;
  let a1 = a >> 16u;
  let b0 = b & 0xffffu;
  let b1 = b >> 16u;
  let mid = a1 * b0 + ((a0 * b0) >> 16u); // below 2^32
  let carry = a0 * b1 + (mid & 0xffffu);
  return a1 * b1 + (mid >> 16u) + (carry >> 16u);
}

fn philox4x32(counter: vec4u, key: vec2u) -> vec4u {
  var c = counter;
  var k = key;
  for (var round = 0u; round < 10u; round++) {
    c = vec4u(
      multiply_high(0xcd9e8d57u, c.z) ^ c.y ^ k.x,
      0xcd9e8d57u * c.z,
      multiply_high(0xd2511f53u, c.x) ^ c.w ^ k.y,
      0xd2511f53u * c.x,
    );
    k += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}

fn random_words(seed: u32, step: u32, stream: u32, block: u32) -> vec4u {
  return philox4x32(vec4u(block, 0u, step, stream), vec2u(seed, 0x5a454c4cu));
}
