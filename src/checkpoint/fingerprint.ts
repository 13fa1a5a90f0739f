// What a set of weights is called by those that depend on it: vectors, cached tokens.

/**
 * 32 hexadecimal digits that change with the configuration (plain data, keys in any order), with any name and with any value: half of a
 * SHA-256.
 */
export function fingerprint(config: unknown, weights: Iterable<readonly [name: string, values: ArrayBufferView]>): string {
  // Not at import time: Deno takes 20 ms to load node:crypto.
  const { createHash } = globalThis.process.getBuiltinModule("node:crypto");
  const hash = createHash("sha256").update(JSON.stringify(sorted(config)));
  for (const [name, { buffer, byteOffset, byteLength }] of [...weights].sort(([a], [b]) => a < b ? -1 : 1)) {
    hash.update(`\n${name} ${byteLength}\n`).update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest("hex").slice(0, 32);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([key, item]) => [key, sorted(item)]));
}
