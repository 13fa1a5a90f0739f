// mod.ts must be importable where there is no GPU, no file system and no permission: nothing it reaches may act while it loads.
import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { posix } from "node:path";
import { ROOT } from "../../src/cli/tree.ts";
import { source } from "./source.ts";

const program = `import("./mod.ts").then((names) => console.log(Object.keys(names).length > 0 ? "has names" : "is empty"))`;

function run(args: string[], input?: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, input, encoding: "utf8", timeout: 60_000 });
  return { status, stdout: stdout.trim(), stderr: status === 0 ? "" : stderr };
}

const inBun = process.versions.bun !== undefined;

test.skipIf(inBun)("mod.ts loads in Deno without any permission and ends by itself", () => {
  expect(run(["run", "--no-prompt", "--quiet", "-"], program)).toEqual({ status: 0, stdout: "has names", stderr: "" });
});

test.skipIf(!inBun)("mod.ts loads in Bun and ends by itself", () => {
  expect(run(["-e", program])).toEqual({ status: 0, stdout: "has names", stderr: "" });
});

/** What is loaded with a module: files, packages, modules of the runtime. */
function loadedWith(path: string, all: Set<string> = new Set()): Set<string> {
  if (all.has(path)) return all;
  all.add(path);
  if (!path.endsWith(".ts")) return all;
  for (const [, from] of source(path).matchAll(/^(?:import|export) (?!type )(?:[^;"]*? from )?"([^"]+)"/gm)) {
    loadedWith(from.startsWith(".") ? posix.join(posix.dirname(path), from) : from, all);
  }
  return all;
}

test("of all packages mod.ts loads zod alone, and no WASM kernels: the rest comes with the first call that wants it", () => {
  const all = [...loadedWith("mod.ts")];
  expect(all.filter((path) => path.startsWith("npm:")).map((path) => path.replace(/@[\d.]+$/, ""))).toEqual(["npm:zod"]);
  expect(all.filter((path) => path.includes("wasm"))).toEqual([]);
  expect(all.length).toBeGreaterThan(300);
});
