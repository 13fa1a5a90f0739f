// SQLite of Bun.
import type { Driver } from "./driver.ts";

export async function open(path: string): Promise<Driver> {
  const name = "bun:sqlite"; // a literal would make Deno resolve it
  const { Database } = await import(name) as { Database: new (path: string) => Driver };
  return new Database(path);
}
