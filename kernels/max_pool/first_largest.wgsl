// Where the largest of a 2 x 2 window is, counted from its corner in an image of width W: the first of equals in row-major
// order; a NaN is larger than everything.
fn first_largest(window: vec4f, W: u32) -> u32 {
  var best = window.x;
  var place = 0u;
  if (window.y > best || is_nan(window.y)) { best = window.y; place = 1u; }
  if (window.z > best || is_nan(window.z)) { best = window.z; place = W; }
  if (window.w > best || is_nan(window.w)) { place = W + 1u; }
  return place;
}
