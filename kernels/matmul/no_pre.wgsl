// Chunk: nobody reads what goes into the activation.
fn keep_pre(i: u32, value: f32) {}
