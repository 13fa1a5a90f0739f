// forward: z = mu + exp(logvar / 2) * noise, then dlogvar = dz * exp(logvar / 2) * noise / 2, with the same noise.
@group(0) @binding(2) var<storage, read> dz: array<f32>;             // (N)
@group(0) @binding(3) var<storage, read_write> dlogvar: array<f32>;  // (N)

fn write(i: u32, deviation: f32) { dlogvar[i] = 0.5 * dz[i] * deviation; }
