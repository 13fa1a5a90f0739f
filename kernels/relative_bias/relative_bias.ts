import { ShapeError } from "../../src/errors.ts";
import { constant, defineOp, type Tensor } from "../../src/graph.ts";
import flatIndex from "../common/flat_index.wgsl" with { type: "text" };
import backwardWgsl from "./backward.wgsl" with { type: "text" };
import forwardWgsl from "./forward.wgsl" with { type: "text" };

/** Which row of a bias table belongs to each pair of T tokens, and the pairs of each row: constants that all blocks share. */
export interface RelativePairs {
  T: number;
  rows: number;
  /** u32 (T * T) of (query, key). */
  index: Tensor;
  /** u32 (rows + 1) and (T * T): the pairs of row r are those from starts[r] to before starts[r + 1]. */
  starts: Tensor;
  pairs: Tensor;
}

/**
 * The constants of an index (T * T) into a table of so many rows.
 *
 * ```ts
 * import { relativePairs, relativePositionIndex, relativePositionRows } from "../../mod.ts";
 * const { T, rows } = relativePairs(relativePositionIndex([2, 2]), relativePositionRows([2, 2]));
 * console.assert(T === 5 && rows === 12); // four patches and the class token
 * ```
 */
export function relativePairs(index: Uint32Array, rows: number): RelativePairs {
  const T = Math.sqrt(index.length), starts = new Uint32Array(rows + 1), pairs = new Uint32Array(index.length);
  if (!Number.isInteger(T)) throw new ShapeError(`relativePairs: the index has ${index.length} entries; give one a pair of tokens, T * T`);
  for (const row of index) {
    if (row >= rows) throw new ShapeError(`relativePairs: the index names row ${row}, the table has ${rows}; give the table of this index`);
    starts[row + 1]++;
  }
  for (let r = 0; r < rows; r++) starts[r + 1] += starts[r];
  const next = starts.slice();
  index.forEach((row, pair) => pairs[next[row]++] = pair);
  return {
    T,
    rows,
    index: constant("relative index", [index.length], index, "u32"),
    starts: constant("relative starts", [rows + 1], starts, "u32"),
    pairs: constant("relative pairs", [index.length], pairs, "u32"),
  };
}

/**
 * The bias of attention by relative position (Liu et al. 2021): each pair of tokens has its row of the table. table (rows, NH) →
 * (NH, T, T), for the `bias` of attention().
 *
 * ```ts
 * import { input, relativeBias, relativePairs, relativePositionIndex, relativePositionRows } from "../../mod.ts";
 * const window = [2, 2] as const, rows = relativePositionRows(window);
 * const bias = relativeBias(input("table", [rows, 3]), relativePairs(relativePositionIndex(window), rows));
 * console.assert(bias.shape.join() === "3,5,5");
 * ```
 */
export function relativeBias(table: Tensor, { T, rows, index, starts, pairs }: RelativePairs): Tensor {
  if (table.shape.length !== 2 || table.shape[0] !== rows) {
    throw new ShapeError(`relativeBias: ${table} is not (${rows}, NH), the table of this index; resize it to the window`);
  }
  return forward({ table, index, starts, pairs }, { T }).y;
}

const forward = defineOp<{ table: Tensor; index: Tensor; starts: Tensor; pairs: Tensor }, "y", { T: number }>({
  name: "relative_bias",
  outputs: ({ table }, { T }) => ({ y: [table.shape[1], T, T] }),
  launches: ({ index, y }) => [{
    label: "relative_bias/forward",
    wgsl: flatIndex + forwardWgsl,
    dims: { NH: y.shape[0], P: index.size },
    workgroups: Math.ceil(y.size / 64),
  }],
  backward: ({ table, starts, pairs }, { dy }): { table: Tensor } => ({
    table: backward({ starts, pairs, dy: dy! }, { shape: table.shape }).dtable,
  }),
  reference: ({ table, index }, { y }) => ({ y: spread(new Float64Array(y.size), table, index, y.shape[0]) }),
  cpu({ table, index, y }) {
    spread(y.data, table.data, index.data, y.shape[0]);
  },
});

const backward = defineOp<{ starts: Tensor; pairs: Tensor; dy: Tensor }, "dtable", { shape: readonly number[] }>({
  name: "relative_bias_backward",
  outputs: (_, { shape }) => ({ dtable: shape }),
  launches: ({ pairs, dtable }) => [{
    label: "relative_bias/backward",
    wgsl: flatIndex + backwardWgsl,
    dims: { R: dtable.shape[0], NH: dtable.shape[1], P: pairs.size },
    workgroups: Math.ceil(dtable.size / 64),
  }],
  backward: null,
  reference: ({ starts, pairs, dy }, { dtable }) => ({
    dtable: gathered(new Float64Array(dtable.size), starts, pairs, dy, dtable.shape[1]),
  }),
  cpu({ starts, pairs, dy, dtable }) {
    gathered(dtable.data, starts.data, pairs.data, dy.data, dtable.shape[1]);
  },
});

type Values = Float32Array | Float64Array;

function spread<Y extends Values>(y: Y, table: Values, index: ArrayLike<number>, NH: number): Y {
  const P = index.length;
  for (let h = 0; h < NH; h++) for (let pair = 0; pair < P; pair++) y[h * P + pair] = table[index[pair] * NH + h];
  return y;
}

function gathered<Y extends Values>(dtable: Y, starts: ArrayLike<number>, pairs: ArrayLike<number>, dy: Values, NH: number): Y {
  const P = pairs.length;
  for (let i = 0; i < dtable.length; i++) {
    const r = Math.floor(i / NH), h = i % NH;
    let sum = 0;
    for (let k = starts[r]; k < starts[r + 1]; k++) sum += dy[h * P + pairs[k]];
    dtable[i] = sum;
  }
  return dtable;
}
