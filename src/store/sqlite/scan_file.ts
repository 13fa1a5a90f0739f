import { setImmediate } from "node:timers/promises";
import { place, scoreOf, widened } from "../distance.ts";
import { TopK } from "../top_k.ts";
import type { Database } from "./database.ts";
import type { Sql } from "./filter_sql.ts";
import { type CollectionRow, readVectors, ROWS_A_READ } from "./rows.ts";

/** The k nearest of a collection that is not kept in memory, read by page. */
export async function scanFile(
  database: Database,
  row: CollectionRow,
  vector: Float32Array,
  k: number,
  where?: Sql,
): Promise<{ key: number; score: number }[]> {
  const query = widened(row.metric, vector), score = scoreOf[row.metric], best = new TopK(k);
  const placed = new Float32Array(row.dimensions); // rounded as in memory, so that both find the same scores
  for (let last = 0;;) {
    const rows = readVectors(database, row, last, where);
    for (const { key, vector } of rows) {
      place(row.metric, vector, placed, 0);
      const s = score(query, placed, 0);
      if (s >= best.floor) best.add(key, s);
    }
    if (rows.length < ROWS_A_READ) return best.sorted();
    last = rows.at(-1)!.key;
    await setImmediate();
  }
}
