// Chunk: heads whose size is no multiple of four are read value by value.
alias Block = f32;
const MOST = 128;
fn total(a: Block) -> f32 { return a; }
