// The CPU device's version: whole runs where the last axis stays last, blocks of a transpose elsewhere.

/** An axis of the result, with the distance of its neighbours in x. */
export interface Axis {
  side: number;
  stride: number;
}

/** Runs of this length and more are copied by the engine; a call costs as much as a loop over some 200 values. */
const LONG_RUN = 256;
/** Neighbours in x that a transpose reads at once: a cache line of them. */
const BLOCK = 16;

/** y = x with its axes in another order; `axes` are those of y, merged as far as they go. */
export function permuteCpu(x: Float32Array, y: Float32Array, axes: readonly Axis[]): void {
  const steps = axes.map((_, i) => axes.slice(i + 1).reduce((product, { side }) => product * side, 1));
  const all = axes.map((axis, i) => ({ ...axis, step: steps[i] }));
  const last = all.pop()!;
  if (last.stride === 1) return eachPlace(all, (from, to) => copyRun(x, y, from, to, last.side));
  const inner = all.splice(all.findIndex(({ stride }) => stride === 1), 1)[0];
  eachPlace(all, (from, to) => {
    for (let block = 0; block < inner.side; block += BLOCK) {
      const end = Math.min(inner.side, block + BLOCK);
      for (let l = 0; l < last.side; l++) {
        const source = from + l * last.stride, target = to + l;
        for (let i = block; i < end; i++) y[target + i * inner.step] = x[source + i];
      }
    }
  });
}

function copyRun(x: Float32Array, y: Float32Array, from: number, to: number, length: number): void {
  if (length >= LONG_RUN) y.set(x.subarray(from, from + length), to);
  else for (let i = 0; i < length; i++) y[to + i] = x[from + i];
}

/** Calls `visit` with the place in x and in y of every combination of the axes, the last fastest. */
function eachPlace(axes: readonly (Axis & { step: number })[], visit: (from: number, to: number) => void): void {
  const index = axes.map(() => 0);
  let from = 0, to = 0;
  for (;;) {
    visit(from, to);
    let axis = axes.length - 1;
    for (; axis >= 0; axis--) {
      const { side, stride, step } = axes[axis];
      from += stride;
      to += step;
      if (++index[axis] < side) break;
      from -= side * stride;
      to -= side * step;
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}
