// Where the heads of q, k and v lie in one tensor, and those of the output in another.

/** Distances, in values, from one batch entry, token or head to the next. */
export interface HeadStrides {
  batch: number;
  token: number;
  head: number;
}

export interface Layout {
  B: number;
  T: number;
  NH: number;
  HS: number;
  /** Heads (of all batch entries) that are computed together. */
  group: number;
  /** Distance from q to k and from k to v. */
  part: number;
  strides: HeadStrides;
  outStrides: HeadStrides;
}

/** qkv (B, T, 3, NH, HS), as one linear layer makes it → out (B, T, NH, HS). */
export function packed(B: number, T: number, NH: number, HS: number): Layout {
  const C = NH * HS;
  return {
    B,
    T,
    NH,
    HS,
    group: groupOf(B, T, NH),
    part: C,
    strides: { batch: T * 3 * C, token: 3 * C, head: HS },
    outStrides: { batch: T * C, token: C, head: HS },
  };
}

/** qkv (3, B, NH, T, HS) → out (B, NH, T, HS). */
export function separate(B: number, T: number, NH: number, HS: number): Layout {
  const strides = { batch: NH * T * HS, token: HS, head: T * HS };
  return { B, T, NH, HS, group: groupOf(B, T, NH), part: B * NH * T * HS, strides, outStrides: strides };
}

/** Bytes of scratch for probabilities: enough heads to fill a large GPU, half of what every WebGPU device allows in one binding. */
const scratchBytes = 1 << 26;

/** Depends on the shapes alone, since scratch is part of the graph. */
function groupOf(B: number, T: number, NH: number): number {
  return Math.max(1, Math.min(B * NH, Math.floor(scratchBytes / (4 * T * T))));
}
