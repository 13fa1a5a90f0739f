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
    part: C,
    strides: { batch: T * 3 * C, token: 3 * C, head: HS },
    outStrides: { batch: T * C, token: C, head: HS },
  };
}

/** qkv (3, B, NH, T, HS) → out (B, NH, T, HS). */
export function separate(B: number, T: number, NH: number, HS: number): Layout {
  const strides = { batch: NH * T * HS, token: HS, head: T * HS };
  return { B, T, NH, HS, part: B * NH * T * HS, strides, outStrides: strides };
}
