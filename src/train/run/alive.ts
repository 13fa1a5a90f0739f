// Whether the process that trains a run is still there: asked of the system, or, without the permission for that, seen from the age of a file
// that the training touches.

import { statSync, utimesSync } from "node:fs";
import process from "node:process";

/** Milliseconds between two touches. */
const BEAT = 10_000;
/** Milliseconds without one after which a process counts as gone; a step may hold the thread that touches. */
const SILENT = 120_000;

/** Touches a file from now on, until what it gives is called. */
export function keepFresh(path: string): () => void {
  const timer = setInterval(() => {
    try {
      utimesSync(path, new Date(), new Date());
    } catch { /* the folder was removed: the training itself will say so */ }
  }, BEAT);
  return () => clearInterval(timer);
}

/** Whether process `id`, which keeps `file` fresh, runs. */
export function isAlive(id: number, file: string): boolean {
  if (!mayAsk()) return Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) < SILENT;
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Deno would ask the person at the terminal, and let everything wait for the answer. */
function mayAsk(): boolean {
  const { permissions } = (globalThis as { Deno?: { permissions?: { querySync(of: { name: string }): { state: string } } } }).Deno ?? {};
  return permissions === undefined || permissions.querySync({ name: "run" }).state === "granted";
}
