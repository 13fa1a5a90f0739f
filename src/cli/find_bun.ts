import { existsSync, globSync } from "node:fs";
import { delimiter, join } from "node:path";
import { child } from "./child.ts";

export interface Bun {
  path: string;
  version: string;
}

/** Finds Bun on the path or fetches `version` through npx; otherwise says why there is none and what helps. */
export async function findBun(version: string): Promise<Bun | { reason: string }> {
  const onPath = await asBun("bun");
  if (onPath) return onPath;
  const npx = await child("npx", ["-y", "-p", `bun@${version}`, "--", "node", "-p", "process.env.PATH"], { quiet: true });
  if (npx.code !== 0) {
    return { reason: `no bun on the path, and npx could not fetch bun@${version} (${npx.output.trim()}); install Bun or Node with npm` };
  }
  // npx puts the .bin folder of what it fetched first. The bun there is a script that only npm's postinstall step replaces by the
  // program, and that step may be forbidden; the program itself is in the package for this machine.
  const bin = npx.output.split(delimiter).map((folder) => folder.trim().split("\n").at(-1)!).find((folder) =>
    existsSync(join(folder, "bun"))
  );
  if (bin) {
    for (const path of [join(bin, "bun"), ...globSync(join(bin, "..", "@oven", "bun-*", "bin", "bun"))]) {
      const found = await asBun(path);
      if (found) return found;
    }
  }
  return { reason: `npx fetched bun@${version}, but no program in it runs on this machine; install Bun` };
}

async function asBun(path: string): Promise<Bun | undefined> {
  const { code, output } = await child(path, ["--version"], { quiet: true });
  const version = /^\d+\.\d+\.\d+\S*/m.exec(output)?.[0];
  return code === 0 && version ? { path, version } : undefined;
}
