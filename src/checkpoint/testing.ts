// What the tests of this folder share: fixtures, damaged copies, and the rule that damage is answered with a CheckpointError.
import { expect } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CheckpointError } from "../errors.ts";

/** The path of a published fixture beside the checkout; undefined, and a line on the console, where there is none. */
export function fixture(name: string): string | undefined {
  const path = fileURLToPath(new URL(`../../../shared/fixtures/${name}`, import.meta.url));
  if (existsSync(path)) return path;
  console.log(`no fixture ${name}: nothing to compare with`);
}

export const readJson = (path: string) => JSON.parse(readFileSync(path, "utf8"));
export const readBytes = (path: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(path));

/** Runs `use` with a fresh folder that is removed afterwards. */
export async function inTemporaryFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "checkpoint-"));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The CheckpointError that `act` ends with; fails when it succeeds or throws anything else. */
export async function checkpointError(act: () => unknown): Promise<CheckpointError> {
  try {
    await act();
  } catch (error) {
    if (error instanceof CheckpointError) return error;
    throw error;
  }
  throw new Error("expected a CheckpointError, nothing was thrown");
}

/** Reads every truncation of `bytes` and `flips` copies with one changed byte: each must read or throw a CheckpointError. */
export async function expectDamageIsRefused(
  bytes: Uint8Array<ArrayBuffer>,
  flips: number,
  readAll: (damaged: Uint8Array<ArrayBuffer>) => Promise<void>,
) {
  for (let length = 0; length < bytes.length; length++) {
    await checkpointError(() => readAll(bytes.slice(0, length)));
  }
  let seed = 20240501, refused = 0;
  const random = (n: number) => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) % n;
  for (let i = 0; i < flips; i++) {
    const damaged = bytes.slice();
    damaged[random(bytes.length)] ^= 1 + random(255);
    try {
      await readAll(damaged);
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(flips / 10);
}
