import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { SqliteStore } from "./sqlite_store.ts";
import { BATCH, item } from "./testing_ingest.ts";

const script = fileURLToPath(new URL("./testing_ingest.ts", import.meta.url));

/** Runs the child until it has acknowledged something, and `delay` ms more; returns the numbers of all acknowledged batches. */
function ingestAndKill(file: string, first: number, delay: number): Promise<number[]> {
  const args = process.versions.bun ? [script] : ["run", "-A", "--quiet", script];
  const child = spawn(process.execPath, [...args, file, String(first)], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (!output) setTimeout(() => child.kill("SIGKILL"), delay);
    output += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on(
      "close",
      (_, signal) =>
        signal === "SIGKILL"
          ? resolve(output.split("\n").slice(0, -1).map(Number))
          : reject(new Error(`the child ended by itself, ${signal}`)),
    );
  });
}

test("every acknowledged item is there after SIGKILL at any moment, and no batch is there in part", async () => {
  const folder = mkdtempSync(join(tmpdir(), "store-kill-")), file = join(folder, "store.db");
  try {
    const acknowledged: number[] = [];
    for (let round = 0, first = 0; round < 5; round++) {
      const numbers = await ingestAndKill(file, first, Math.random() * 120);
      expect(numbers.length).toBeGreaterThan(0);
      acknowledged.push(...numbers);

      await using store = await SqliteStore.open(file);
      for (const n of acknowledged) {
        for (let i = 0; i < BATCH; i++) expect(await store.get("pictures", item(n, i).id)).toEqual(item(n, i));
      }
      const present = new Map<number, number>();
      for await (const { metadata } of store.export("pictures")) {
        present.set(metadata.batch as number, (present.get(metadata.batch as number) ?? 0) + 1);
      }
      expect([...present.values()].every((count) => count === BATCH)).toBe(true);
      expect((await store.collection("pictures")).count).toBe(present.size * BATCH);
      first = Math.max(...present.keys()) + 1;
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
