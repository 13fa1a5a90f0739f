// deno task ok [STAGE...]: the one gate, or these stages of it. Every stage runs, whatever the others say; the closing lines sum up.
import { readFileSync } from "node:fs";
import process from "node:process";
import { child, type Outcome } from "./child.ts";
import { filesOf, LOCK, ROOT } from "./tree.ts";

const files = filesOf();
// AssemblyScript says so in its first line; its imports have no endings, which Deno does not resolve.
const isAssemblyScript = (path: string) => readFileSync(ROOT + path, "utf8").startsWith("// @ts-nocheck AssemblyScript");
const typescript = files.filter((path) => path.endsWith(".ts") && !isAssemblyScript(path));
const withSnippets = [...typescript, ...files.filter((path) => path.endsWith(".md"))]
  .filter((path) => /^[ *]*```(ts|typescript)\s*$/m.test(readFileSync(ROOT + path, "utf8")));

const quietly = (...args: string[]) => () => child(process.execPath, args, { cwd: ROOT, quiet: true });
const stages: Record<string, () => Promise<Outcome>> = {
  format: quietly("fmt", "--check", "--config", "deno.json"),
  lint: quietly("lint", "--config", "deno.json"),
  types: quietly("check", LOCK, ...typescript),
  tests: () => child(process.execPath, ["run", "-A", "src/cli/run_tests.ts"], { cwd: ROOT }),
  snippets: async () => {
    const outcome = await quietly("test", LOCK, "--doc", "--parallel", "-A", ...withSnippets)();
    return outcome.output.includes("Assertion failed") ? { ...outcome, code: 1 } : outcome; // console.assert only prints
  },
};

const unknown = process.argv.slice(2).filter((name) => !(name in stages));
if (unknown.length) {
  console.error(`ok: unknown stage ${unknown.join(" ")}; the stages are ${Object.keys(stages).join(", ")}`);
  process.exit(2);
}

const lines: string[] = [];
const failed: string[] = [];
for (const [name, run] of Object.entries(stages)) {
  if (process.argv.length > 2 && !process.argv.includes(name)) continue;
  const begin = performance.now();
  const { code, output } = await run();
  if (code !== 0) {
    failed.push(name);
    if (name !== "tests") console.log(output);
  }
  const line = `${name}: ${code === 0 ? "ok" : "FAILED"}, ${((performance.now() - begin) / 1000).toFixed(1)} s`;
  lines.push(line);
  console.log(line);
}

console.log(`\n${lines.join("\n")}\n${failed.length ? `not ok: ${failed.join(", ")}` : "ok"}`);
process.exitCode = failed.length ? 1 : 0;
