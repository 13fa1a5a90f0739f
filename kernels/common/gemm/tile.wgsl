// Chunk: which tile of a product is this workgroup's, where the S parts of the K axis are slices of their own (slice = part * Z + z).
// Tiles of one column panel are neighbours, so that the panel stays in the cache while rows stream past it.

struct Tile { inside: bool, slice: u32, z: u32, m: u32, n: u32, start: u32, end: u32 }

fn tile_of(group: vec3u, groups: vec3u, rows: u32, columns: u32) -> Tile {
  let i = group.y * groups.x + group.x;
  let down = (dims.M + rows - 1u) / rows;
  let across = (dims.N + columns - 1u) / columns;
  let slice = i / (down * across);
  let length = (dims.K + dims.S - 1u) / dims.S;
  let start = slice / dims.Z * length;
  return Tile(
    slice < dims.Z * dims.S,
    slice,
    slice % dims.Z,
    i % down * rows,
    i / down % across * columns,
    start,
    min(dims.K, start + length),
  );
}
