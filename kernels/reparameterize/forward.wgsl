// z = mu + exp(logvar / 2) * noise.
@group(0) @binding(2) var<storage, read> mu: array<f32>;       // (N)
@group(0) @binding(3) var<storage, read_write> z: array<f32>;  // (N)

fn write(i: u32, deviation: f32) { z[i] = mu[i] + deviation; }
