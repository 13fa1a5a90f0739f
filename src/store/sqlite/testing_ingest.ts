// The child of kill_test.ts: stores batches for ever and prints the number of each one once it is acknowledged. Arguments: file, first number.
import { writeSync } from "node:fs";
import process from "node:process";
import { SqliteStore } from "./sqlite_store.ts";

export const BATCH = 7;

/** Item `i` of batch `n`; everything in it follows from the two numbers. */
export function item(n: number, i: number) {
  return { id: `b${n}.${i}`, vector: Float32Array.of(n + 1, i, n * i), metadata: { batch: n }, thumbnail: new Uint8Array(5000).fill(n) };
}

if (import.meta.main) {
  const [, , file, first] = process.argv;
  const store = await SqliteStore.open(file);
  await store.createCollection("pictures", { dimensions: 3, metric: "cosine", fingerprint: "f" });
  for (let n = Number(first);; n++) {
    await store.put("pictures", "f", Array.from({ length: BATCH }, (_, i) => item(n, i)));
    writeSync(1, `${n}\n`);
  }
}
