import { ShapeError } from "../errors.ts";
import type { Features } from "./features.ts";
import { eachQuery, type SeeQuery } from "./neighbours.ts";

export interface Retrieval {
  /** Share of queries whose nearest picture is of their class. */
  recall1: number;
  /** Mean over queries of the precision at each picture of the query's class in the bank; equally near pictures share the last of their ranks. */
  meanAveragePrecision: number;
}

/**
 * Search by picture: every row of `queries` ranks the whole bank by cosine. Queries whose class the bank lacks are left out.
 *
 * ```ts
 * import { featureTable, retrieval } from "../../mod.ts";
 * const bank = featureTable(Float32Array.of(1, 0, 0, 1), 2), queries = featureTable(Float32Array.of(2, 1), 2);
 * console.assert(retrieval(bank, [7, 8], queries, [7]).recall1 === 1);
 * ```
 */
export function retrieval(bank: Features, bankLabels: ArrayLike<number>, queries: Features, labels: ArrayLike<number>): Retrieval {
  const { see, result } = collectRetrieval(bank.rows, bankLabels, queries.rows, labels);
  eachQuery(bank, queries, see);
  return result();
}

/** What judges rankings whose similarities are shown to it query by query. @throws ShapeError when labels do not match the rows. */
export function collectRetrieval(
  rows: number,
  bankLabels: ArrayLike<number>,
  queries: number,
  labels: ArrayLike<number>,
): { see: SeeQuery; result(): Retrieval } {
  if (bankLabels.length !== rows || labels.length !== queries) {
    throw new ShapeError(`retrieval: ${bankLabels.length} and ${labels.length} labels for ${rows} and ${queries} rows; give one a row`);
  }
  const members = new Map<number, number[]>();
  for (let i = 0; i < rows; i++) {
    if (!members.has(bankLabels[i])) members.set(bankLabels[i], []);
    members.get(bankLabels[i])!.push(i);
  }
  let first = 0, precision = 0, count = 0;
  return {
    see(q, similarities) {
      const wanted = members.get(labels[q]);
      if (!wanted) return;
      const all = similarities.slice().sort(), relevant = Float32Array.from(wanted, (i) => similarities[i]).sort();
      let sum = 0;
      for (let i = relevant.length - 1; i >= 0; i--) {
        const least = firstNotBelow(relevant, relevant[i]);
        sum += (relevant.length - least) / (all.length - firstNotBelow(all, relevant[i]));
      }
      first += Number(bankLabels[similarities.indexOf(all[all.length - 1])] === labels[q]);
      precision += sum / wanted.length;
      count++;
    },
    result() {
      if (!count) throw new ShapeError("retrieval: no query has a picture of its class in the bank; give both parts every class");
      return { recall1: first / count, meanAveragePrecision: precision / count };
    },
  };
}

/** Place of the first value that is not below `value` in an ascending list. */
function firstNotBelow(sorted: Float32Array, value: number): number {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
