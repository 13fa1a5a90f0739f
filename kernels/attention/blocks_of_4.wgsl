// Chunk: heads are read in blocks of four values. MOST blocks hold the largest head, 128 values.
alias Block = vec4f;
const MOST = 32;
fn total(a: Block) -> f32 { return (a.x + a.y) + (a.z + a.w); }
