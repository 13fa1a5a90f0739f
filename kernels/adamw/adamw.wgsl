// One step of AdamW in place, with decoupled decay as in torch:
//   m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2
//   p -= lr * (decay * p + (m / correction1) / (sqrt(v) / sqrt(correction2) + eps))
// Each run of 64 values has its own factors of lr and decay in `table`. One invocation four values. 1 - beta comes as a number
// of its own, since the difference of f32 values has lost digits.

struct Dims { quads: u32, beta1: f32, rest1: f32, beta2: f32, rest2: f32, eps: f32 }

@group(0) @binding(0) var<uniform> dims: Dims;
@group(0) @binding(1) var<storage, read_write> p: array<vec4f>;     // (N)
@group(0) @binding(2) var<storage, read_write> m: array<vec4f>;     // (N)
@group(0) @binding(3) var<storage, read_write> v: array<vec4f>;     // (N)
@group(0) @binding(4) var<storage, read> g: array<vec4f>;           // (N)
@group(0) @binding(5) var<storage, read> table: array<vec2f>;       // (N / 64, 2) factors of lr and decay
@group(0) @binding(6) var<storage, read> scalars: array<f32>;       // (4) lr, decay, correction1, correction2
@group(0) @binding(7) var<storage, read> coefficient: array<f32>;   // (1) factor of g; 0: no step

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) thread: u32) {
  let i = flat_index(group, groups, thread);
  if (i >= dims.quads || coefficient[0] == 0.0) { return; }
  let factors = table[i / 16u];
  let gradient = g[i] * coefficient[0];
  let mean = dims.beta1 * m[i] + dims.rest1 * gradient;
  let square = dims.beta2 * v[i] + dims.rest2 * gradient * gradient;
  let update = mean / scalars[2] / (sqrt(square) / sqrt(scalars[3]) + dims.eps);
  p[i] -= scalars[0] * factors.x * (scalars[1] * factors.y * p[i] + update);
  m[i] = mean;
  v[i] = square;
}
