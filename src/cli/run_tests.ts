// deno task test [--deno] [--bun] [PART_OF_A_PATH...]: every test file in Deno, then in Bun.
// Not named test.ts: `deno test` would take it for a test.
import { readFileSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import manifest from "../../package.json" with { type: "json" };
import { child } from "./child.ts";
import { findBun } from "./find_bun.ts";
import type { Counts } from "./junit.ts";
import { runSuite, type Suite, type SuiteResult } from "./suite.ts";
import { filesOf, LOCK, ROOT } from "./tree.ts";

/** The line with which tests/providers.ts gives the reason, and the remedy, when a runtime has no WebGPU. */
const NO_WEBGPU = /^(?:native|dawn): (?:no WebGPU adapter|this runtime has no|the npm package).*/m;

/** Milliseconds a test may take in Bun, as tests/bun_shim.ts has it in Deno: a kernel's first compilation by a software driver is slow. */
const TIME_LIMIT = 120_000;

const filters = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const flags = process.argv.slice(2).filter((word) => word.startsWith("--"));
const unknown = flags.filter((flag) => flag !== "--deno" && flag !== "--bun");
if (unknown.length) refuse(`unknown option ${unknown.join(" ")}; the options are --deno and --bun`);
const wanted = (runtime: string) => flags.length === 0 || flags.includes(`--${runtime}`);

const files = filesOf().filter((path) => path.endsWith("_test.ts") && (!filters.length || filters.some((part) => path.includes(part))));
if (!files.length) refuse(`no test file has ${filters.join(" or ")} in its path; give parts of paths, or nothing for all`);

const scratch = await mkdtemp(join(tmpdir(), "zellige-xdg-"));
await chmod(scratch, 0o700); // software Vulkan drivers want a private XDG_RUNTIME_DIR
const env: Record<string, string> = {
  ...process.env.XDG_RUNTIME_DIR ? {} : { XDG_RUNTIME_DIR: scratch },
  // Where Vulkan is missing, Deno would fall back to OpenGL, on which some kernels hang a software driver for minutes.
  ...process.env.DENO_WEBGPU_BACKEND ? {} : { DENO_WEBGPU_BACKEND: "vulkan,metal,dx12" },
};

const results: Record<string, SuiteResult> = {};
const lines: string[] = [];

/** Runs each part in a process of its own, and adds the parts up. */
async function run(runtime: "deno" | "bun", version: string, command: string, parts: string[][], args: Suite["args"]) {
  console.log(`\n${runtime} ${version}: ${files.length} test files\n`);
  const begin = performance.now();
  const result = results[runtime] = { passed: 0, failed: 0, skipped: 0, faults: [] as string[], output: "" };
  for (const files of parts.filter((files) => files.length)) {
    const part = await runSuite({ runtime, command, args }, files, ROOT, env);
    add(result, part);
    result.faults.push(...part.faults);
    result.output += part.output;
  }
  lines.push(`${runtime} ${version}: ${inWords(result)} in ${((performance.now() - begin) / 1000).toFixed(0)} s`);
  lines.push(...result.faults.map((fault) => `  ${fault}`));
}

function add(sum: Counts, { passed, failed, skipped }: Counts): void {
  sum.passed += passed;
  sum.failed += failed;
  sum.skipped += skipped;
}

function refuse(reason: string): never {
  console.error(`test: ${reason}`);
  process.exit(2);
}

function inWords({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

try {
  const measuring = files.filter((path) => readFileSync(ROOT + path, "utf8").includes("memoryUsage()")); // of the process: they run alone
  const others = files.filter((path) => !measuring.includes(path));
  if (wanted("deno")) {
    // Types are checked by `deno task ok`. In parallel: 38 s where one file after the other took 71 s on two cores with software Vulkan.
    const args = (record: string, files: string[]) => ["test", LOCK, "-A", "--no-check", "--parallel", `--junit-path=${record}`, ...files];
    await run("deno", process.versions.deno!, process.execPath, [others, ...measuring.map((path) => [path])], args);
  }
  if (wanted("bun")) {
    // Not in parallel: that gives each file a new global object, and Dawn's objects must stay reachable from theirs.
    const args = (record: string, files: string[]) => [
      ...["test", `--timeout=${TIME_LIMIT}`, "--reporter=junit", `--reporter-outfile=${record}`],
      ...files.map((path) => `./${path}`),
    ];
    const bun = await findBun(manifest.engines.bun);
    if ("reason" in bun) {
      results.bun = { passed: 0, failed: 1, skipped: 0, faults: [], output: "" };
      lines.push(`bun: not run, counted as failed: ${bun.reason}; --deno runs Deno alone`);
    } else {
      // Bun looks packages up in node_modules: the program's, which Deno has made, and those that only tests need.
      const packages = await child(bun.path, ["install", "--frozen-lockfile", "--silent"], { cwd: ROOT + "tests", quiet: true });
      if (packages.code !== 0) refuse(`bun install in tests/ failed: ${packages.output.trim()}`);
      await run("bun", bun.version, bun.path, [others, ...measuring.map((path) => [path])], args);
    }
  }
} finally {
  await rm(scratch, { recursive: true, force: true });
}

console.log(`\n${lines.join("\n")}`);
for (const [runtime, { output }] of Object.entries(results)) {
  const reason = NO_WEBGPU.exec(output)?.[0];
  if (reason) console.log(`${runtime}: WebGPU was not run; ${reason}`);
}
const sum: Counts = { passed: 0, failed: 0, skipped: 0 };
for (const result of Object.values(results)) add(sum, result);
console.log(inWords(sum));
process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0;
