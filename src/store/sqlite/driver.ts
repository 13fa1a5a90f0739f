/** A prepared statement; what `node:sqlite` and `bun:sqlite` have in common. */
export interface Statement {
  run(...values: Value[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  /** The first row; undefined or null when there is none. */
  get(...values: Value[]): unknown;
  all(...values: Value[]): unknown[];
  /** Bun's: a file is closed, and its log folded into it, only when its statements are finalized. */
  finalize?(): void;
}

/** An open database file of either runtime. */
export interface Driver {
  prepare(sql: string): Statement;
  exec(sql: string): void;
  close(): void;
}

export type Value = string | number | null | Uint8Array;

/** Opens a file with the SQLite of this runtime. */
export async function openDriver(path: string): Promise<Driver> {
  const { open } = "Bun" in globalThis ? await import("./bun.ts") : await import("./node.ts");
  return await open(path);
}
