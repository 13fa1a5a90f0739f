import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

export const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** The file of that name in a folder, or beside a file; undefined where there is none. */
export function fileBeside(path: string, name: string): string | undefined {
  const file = join(isFolder(path) ? path : dirname(path), name);
  return existsSync(file) ? file : undefined;
}
