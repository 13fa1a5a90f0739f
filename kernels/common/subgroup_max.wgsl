// The workgroup_max() of workgroup_max.wgsl by subgroups. Goes behind subgroup_sum.wgsl, whose memory it shares.
fn workgroup_max(thread: u32, value: f32) -> f32 {
  let lane = subgroupExclusiveAdd(1u);
  let lanes = subgroupAdd(1u);
  let own = subgroupMax(value);
  workgroupBarrier(); // a result before this one may still be read
  partial[thread] = own; // in every invocation of a subgroup the same
  workgroupBarrier();
  var largest = partial[lane];
  for (var i = lane; i < THREADS; i += lanes) { largest = max(largest, partial[i]); }
  return subgroupMax(largest);
}
