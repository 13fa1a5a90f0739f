// Sum of `value` over the THREADS invocations of a workgroup, in every one of them; always added in the same order.
const THREADS = 64u;
var<workgroup> partial: array<f32, THREADS>;

fn workgroup_sum(thread: u32, value: f32) -> f32 {
  workgroupBarrier(); // a sum before this one may still be read
  partial[thread] = value;
  for (var half = THREADS / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { partial[thread] += partial[thread + half]; }
  }
  return workgroupUniformLoad(&partial[0]);
}
