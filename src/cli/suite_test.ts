import { expect, test } from "bun:test";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { judge, runSuite } from "./suite.ts";

const report = (passed: number, failed: number, files: string[]) => ({ passed, failed, skipped: 0, files: new Set(files) });
const ended = (code: number | null, signal: string | null = null) => ({ code, signal });

test("judge() passes a run whose every file has a test and whose process ended well", () => {
  expect(judge(ended(0), report(3, 0, ["a", "b"]), ["a", "b"])).toMatchObject({ passed: 3, failed: 0, faults: [], abortedAtExit: false });
});

test("judge() counts a file without a test as a failure and names it", () => {
  const verdict = judge(ended(0), report(3, 0, ["a"]), ["a", "b"]);
  expect(verdict.failed).toBe(1);
  expect(verdict.faults).toEqual(["b: registered no test, or could not be loaded"]);
});

test("judge() counts a bad status without a failed test as a failure", () => {
  expect(judge(ended(1), report(3, 0, ["a"]), ["a"]).failed).toBe(1);
  expect(judge(ended(1), report(2, 1, ["a"]), ["a"]).failed).toBe(1);
});

test("judge() tells an abort after complete, good records from any other death", () => {
  expect(judge(ended(null, "SIGABRT"), report(3, 0, ["a"]), ["a"])).toMatchObject({ failed: 0, abortedAtExit: true });
  expect(judge(ended(134), report(3, 0, ["a"]), ["a"])).toMatchObject({ failed: 0, abortedAtExit: true });
  expect(judge(ended(null, "SIGABRT"), report(2, 1, ["a"]), ["a"])).toMatchObject({ failed: 2, abortedAtExit: false });
  expect(judge(ended(null, "SIGABRT"), report(0, 0, []), ["a"])).toMatchObject({ failed: 2, abortedAtExit: false });
  expect(judge(ended(null, "SIGSEGV"), report(3, 0, ["a"]), ["a"])).toMatchObject({ failed: 1, abortedAtExit: false });
});

// A stand-in for a runtime: writes a record of one passed test and dies as often as the counter file allows.
const root = fileURLToPath(new URL("../../", import.meta.url));
const shell = (script: string) => ({ runtime: "a shell", command: "sh", args: (record: string) => ["-c", script, record] });
const onePassed = `printf '<testcase name="t" file="a_test.ts"></testcase>' > "$0"`;

test.skipIf(process.platform === "win32")("runSuite() repeats a run that was aborted at its exit, once", async () => {
  const abortsOnce = shell(`${onePassed}; if [ -e "$0.seen" ]; then exit 0; fi; touch "$0.seen"; kill -ABRT $$`);
  expect(await runSuite(abortsOnce, ["a_test.ts"], root, {})).toMatchObject({ passed: 1, failed: 0 });
  const abortsAlways = shell(`${onePassed}; kill -ABRT $$`);
  expect(await runSuite(abortsAlways, ["a_test.ts"], root, {})).toMatchObject({
    failed: 1,
    faults: ["the process was aborted while exiting, twice"],
  });
});
