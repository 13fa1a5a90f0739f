// Largest `value` of the THREADS invocations of a workgroup, in every one of them. Goes behind workgroup_sum.wgsl, whose memory
// it shares.
fn workgroup_max(thread: u32, value: f32) -> f32 {
  workgroupBarrier(); // a result before this one may still be read
  partial[thread] = value;
  for (var half = THREADS / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { partial[thread] = max(partial[thread], partial[thread + half]); }
  }
  return workgroupUniformLoad(&partial[0]);
}
