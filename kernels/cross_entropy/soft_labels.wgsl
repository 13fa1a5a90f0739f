// Chunk: the target distribution of a row, given in full.
@group(0) @binding(2) var<storage, read> labels: array<f32>;  // (R, V)

fn label_of(r: u32) -> u32 { return dims.V; }
fn on_target(r: u32, v: u32, value: f32) -> f32 { return labels[r * dims.V + v] * value; }
fn mass_of(r: u32, sum: f32) -> f32 { return sum; }
