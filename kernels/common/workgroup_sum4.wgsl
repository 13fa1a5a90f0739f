// Four sums at once over the THREADS invocations of a workgroup, in every one of them; always added in the same order. Goes behind
// workgroup_sum.wgsl.
var<workgroup> partial4: array<vec4f, THREADS>;

fn workgroup_sum4(thread: u32, value: vec4f) -> vec4f {
  workgroupBarrier(); // a sum before this one may still be read
  partial4[thread] = value;
  for (var half = THREADS / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { partial4[thread] += partial4[thread + half]; }
  }
  return workgroupUniformLoad(&partial4[0]);
}
