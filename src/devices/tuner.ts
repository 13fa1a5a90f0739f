// Remembers which variant of a kernel is fastest on this adapter. Answers live in the user's cache folder, one file an adapter.

import type { Choice, Launch } from "../graph.ts";

/** Work below this (floating-point operations or bytes) takes the preferred variant: measuring would cost more than it gains. */
const leastWork = 2e7;

/** Raised when kernels change so much that remembered answers mislead. */
const version = 1;

export class Tuner {
  #answers: Map<string, string> | null = null;

  constructor(private readonly adapter: string, private readonly enabled: boolean) {}

  /** The name of the option to take; measures each option once for a key that this adapter has not met. */
  async choose({ key, preferred, work, options }: Choice, measure: (launches: Launch[]) => Promise<number>): Promise<string> {
    if (!this.enabled || work < leastWork || Object.keys(options).length < 2) return preferred;
    this.#answers ??= await this.#load();
    const known = this.#answers.get(key);
    if (known && options[known]) return known;
    let best = preferred, least = Infinity;
    for (const [name, launches] of Object.entries(options)) {
      const ms = await measure(launches);
      if (ms < least) [best, least] = [name, ms];
    }
    this.#answers.set(key, best);
    await this.#save();
    return best;
  }

  async #load(): Promise<Map<string, string>> {
    const file = await this.#file("read");
    if (!file) return new Map();
    try {
      const { readFile } = await import("node:fs/promises");
      const stored = JSON.parse(await readFile(file, "utf8"));
      return new Map(stored.version === version ? Object.entries(stored.answers as Record<string, string>) : []);
    } catch {
      return new Map(); // absent or damaged: measured again
    }
  }

  /** Best effort: a cache that cannot be written costs a measurement in the next process, nothing else. */
  async #save(): Promise<void> {
    const file = await this.#file("write");
    if (!file) return;
    try {
      const { mkdir, rename, writeFile } = await import("node:fs/promises");
      await mkdir(file.replace(/[^/\\]+$/, ""), { recursive: true });
      const temporary = `${file}.${Math.random().toString(36).slice(2)}`;
      await writeFile(temporary, JSON.stringify({ version, adapter: this.adapter, answers: Object.fromEntries(this.#answers!) }, null, 1));
      await rename(temporary, file);
    } catch { /* see above */ }
  }

  async #file(access: "read" | "write"): Promise<string | null> {
    const folder = await cacheFolder(access);
    return folder && `${folder}/tuning/${this.adapter.replace(/[^\w.]+/g, "-")}.json`;
  }
}

/** The user's cache folder for this project, or null in a browser and where Deno was not permitted to use it. */
async function cacheFolder(access: "read" | "write"): Promise<string | null> {
  try {
    const deno = (globalThis as { Deno?: { permissions: { querySync(d: { name: string }): { state: string } } } }).Deno;
    // Asking for a permission would stop a program at a prompt for the sake of a cache.
    if (deno && ["env", "sys", access].some((name) => deno.permissions.querySync({ name }).state !== "granted")) return null;
    const { homedir } = await import("node:os");
    const { env } = await import("node:process");
    return `${env.XDG_CACHE_HOME || `${homedir()}/.cache`}/zellige`;
  } catch {
    return null;
  }
}
