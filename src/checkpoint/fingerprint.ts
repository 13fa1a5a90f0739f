// What a set of weights is called by those that depend on it: vectors, cached tokens.

import { Sha256 } from "./sha256.ts";

/**
 * 32 hexadecimal digits that change with the configuration (plain data, keys in any order), with any name and with any value: half of a
 * SHA-256.
 */
export function fingerprint(config: unknown, weights: Iterable<readonly [name: string, values: ArrayBufferView]>): string {
  const hash = sha256().update(JSON.stringify(sorted(config)));
  for (const [name, { buffer, byteOffset, byteLength }] of [...weights].sort(([a], [b]) => a < b ? -1 : 1)) {
    hash.update(`\n${name} ${byteLength}\n`).update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest("hex").slice(0, 32);
}

interface Hash {
  update(part: string | Uint8Array): Hash;
  digest(form: "hex"): string;
}

/** The runtime's own, ten times faster, where there is one: a page has none. Not loaded at import time, which takes Deno 20 ms. */
function sha256(): Hash {
  const { process } = globalThis as { process?: Partial<typeof globalThis.process> };
  return process?.getBuiltinModule?.("node:crypto").createHash("sha256") ?? new Sha256();
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([key, item]) => [key, sorted(item)]));
}
