import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The repository's root folder, with a slash at its end. */
export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

/**
 * The lock file of the packages that tests need beside the program's. Deno installs whatever its lock file names before the first command
 * runs, so deno.lock names the program's alone.
 */
export const LOCK = "--lock=tests/deno.lock";

const FOREIGN = new Set(["node_modules", ".git", ".gpu", "runs"]);

/** Every file of the repository below `folder`, as a path from ROOT with forward slashes, sorted. */
export function filesOf(folder = ""): string[] {
  return readdirSync(ROOT + folder, { withFileTypes: true }).flatMap((entry) => {
    if (FOREIGN.has(entry.name)) return [];
    const path = folder + entry.name;
    return entry.isDirectory() ? filesOf(path + "/") : entry.isFile() ? [path] : [];
  }).sort();
}
