// Which files requests may name: those below folders of the settings, links followed.

import { realpathSync } from "node:fs";
import { sep } from "node:path";

/** Whether `path`, as the system resolves it, is one of the folders or lies below one. Addresses are compared as they are written. */
export function isWithin(path: string, roots: readonly string[]): boolean {
  if (/^[a-z]+:\/\//i.test(path)) return roots.some((root) => /^[a-z]+:\/\//i.test(root) && isBelow(path, root));
  const real = resolved(path);
  return real !== undefined && roots.some((root) => {
    const folder = resolved(root);
    return folder !== undefined && (real === folder || real.startsWith(folder.endsWith(sep) ? folder : folder + sep));
  });
}

function isBelow(address: string, root: string): boolean {
  if (!URL.canParse(address) || !URL.canParse(root)) return false;
  const { origin, pathname } = new URL(address), base = new URL(root);
  return origin === base.origin && pathname.startsWith(base.pathname.endsWith("/") ? base.pathname : `${base.pathname}/`);
}

function resolved(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined; // nothing is there
  }
}
