// Sums and maxima along the middle axis of (B, K, S), for COLUMNS of its B * S columns a workgroup. Neighbouring invocations
// hold neighbouring columns; the lanes of a column share its K values. Every lane adds up all of them, in the same order: that
// takes two barriers, where a tree takes one a level and compiles for seconds on adapters that run shaders on the CPU.

const THREADS = 64u;
override COLUMNS: u32 = 16u;
var<workgroup> partial: array<f32, THREADS>;

fn share(thread: u32, value: f32) {
  workgroupBarrier(); // values before these may still be read
  partial[thread] = value;
  workgroupBarrier();
}

fn column_sum(thread: u32, value: f32) -> f32 {
  share(thread, value);
  var sum = 0.0;
  for (var lane = thread % COLUMNS; lane < THREADS; lane += COLUMNS) { sum += partial[lane]; }
  return sum;
}

fn column_max(thread: u32, value: f32) -> f32 {
  share(thread, value);
  var top = -3.402823e38;
  for (var lane = thread % COLUMNS; lane < THREADS; lane += COLUMNS) { top = max(top, partial[lane]); }
  return top;
}
