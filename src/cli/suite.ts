// One runtime's run of the test files, judged by its JUnit record and by how its process ended.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { child, type Outcome } from "./child.ts";
import { announcedFiles, type Counts, readJunit, type Report } from "./junit.ts";

export interface Suite {
  runtime: string;
  command: string;
  /** Arguments that make the runtime run `files` and write its JUnit record to `record`. */
  args: (record: string, files: string[]) => string[];
}

export interface Verdict extends Counts {
  /** What went wrong beside failed tests, one sentence each; every one is counted as failed. */
  faults: string[];
  /** Every test ended well and was recorded, then the process was aborted while exiting. */
  abortedAtExit: boolean;
}

export interface SuiteResult extends Counts {
  faults: string[];
  output: string;
}

/** Judges a run: a file that registered no test, a death, and a bad status without a failed test count as failures. */
export function judge({ code, signal }: Pick<Outcome, "code" | "signal">, report: Report, files: string[]): Verdict {
  const { passed, failed, skipped } = report;
  const faults = files.filter((file) => !report.files.has(file)).map((file) => `${file}: registered no test, or could not be loaded`);
  const well = failed === 0 && faults.length === 0;
  const aborted = signal === "SIGABRT" || code === 134;
  if (aborted && well) return { passed, failed, skipped, faults, abortedAtExit: true };
  if (signal || aborted) faults.push(`the process was ended by ${signal ?? "SIGABRT"}`);
  else if (code !== 0 && well) faults.push(`the process ended with status ${code} although no test failed`);
  return { passed, failed: failed + faults.length, skipped, faults, abortedAtExit: false };
}

/**
 * Runs the files. Software Vulkan drivers abort a process now and then while it exits, after its last test: such a run is
 * repeated once and says so, since an abort may also be the program's own fault.
 */
export async function runSuite(suite: Suite, files: string[], root: string, env: Record<string, string>): Promise<SuiteResult> {
  const folder = await mkdtemp(join(tmpdir(), "zellige-test-"));
  const once = async () => {
    const record = join(folder, "junit.xml");
    await rm(record, { force: true });
    const outcome = await child(suite.command, suite.args(record, files), { cwd: root, env });
    const xml = await readFile(record, "utf8").catch(() => ""); // a process that died early has written none
    const report = readJunit(xml);
    for (const file of announcedFiles(outcome.output)) report.files.add(file);
    return { ...judge(outcome, report, files), output: outcome.output };
  };
  try {
    const first = await once();
    if (!first.abortedAtExit) return first;
    console.log(`\n${suite.runtime}: all ${first.passed} tests passed, then the process was aborted while exiting; running it once more`);
    const second = await once();
    if (!second.abortedAtExit) return second;
    return { ...second, failed: 1, faults: ["the process was aborted while exiting, twice"] };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
