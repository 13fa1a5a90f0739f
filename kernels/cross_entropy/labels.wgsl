// Chunk: the target distribution of a row that is one label. A label of V or more gives it no mass.
@group(0) @binding(2) var<storage, read> labels: array<u32>;  // (R)

fn label_of(r: u32) -> u32 { return labels[r]; }
// value where the target is, without multiplying: a logit of minus infinity elsewhere must not make NaN.
fn on_target(r: u32, v: u32, value: f32) -> f32 { return select(0.0, value, labels[r] == v); }
fn mass_of(r: u32, sum: f32) -> f32 { return select(dims.nan, 1.0, labels[r] < dims.V); }
