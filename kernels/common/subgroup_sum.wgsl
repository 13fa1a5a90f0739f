// The workgroup_sum() of workgroup_sum.wgsl by subgroups, with two barriers in place of eight. Nothing is assumed of which invocations
// form a subgroup: the first of each leaves its sum in its own place, and every subgroup adds up all places, in one order.
const THREADS = 64u;
var<workgroup> partial: array<f32, THREADS>;

fn workgroup_sum(thread: u32, value: f32) -> f32 {
  let lane = subgroupExclusiveAdd(1u);
  let lanes = subgroupAdd(1u);
  let own = subgroupAdd(value);
  workgroupBarrier(); // a sum before this one may still be read
  partial[thread] = select(0.0, own, lane == 0u);
  workgroupBarrier();
  var sum = 0.0;
  for (var i = lane; i < THREADS; i += lanes) { sum += partial[i]; }
  return subgroupAdd(sum);
}
