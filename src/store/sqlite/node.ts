// SQLite of Deno (and Node).
import type { Driver } from "./driver.ts";

export async function open(path: string): Promise<Driver> {
  const { DatabaseSync } = await import("node:sqlite");
  return new DatabaseSync(path) as Driver;
}
