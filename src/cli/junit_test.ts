import { expect, test } from "bun:test";
import { announcedFiles, readJunit } from "./junit.ts";

const deno = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="3" failures="1" errors="0" time="0.2">
    <testsuite name="./src/a_test.ts" tests="3" disabled="1" errors="0" failures="1">
        <testcase name="fine" classname="./src/a_test.ts" time="0.000" line="1" col="6">
        </testcase>
        <testcase name="later" classname="./src/a_test.ts" time="0.000" line="1" col="35">
            <skipped/>
        </testcase>
        <testcase name="a &lt; b" classname="./src/a_test.ts" time="0.003" line="1" col="86">
            <failure message="Uncaught Error: no">Error: no, with the word skipped and &lt;skipped/&gt;</failure>
        </testcase>
    </testsuite>
</testsuites>`;

const bun = `<testsuites name="bun test" tests="3">
  <testsuite name="src/a_test.ts" file="src/a_test.ts" tests="3">
    <testcase name="x > y / z" classname="" time="0.4" file="src/a_test.ts" line="2" assertions="0" />
    <testcase name="later" classname="" time="0" file="src/a_test.ts" line="3" assertions="0">
      <skipped />
    </testcase>
    <testsuite name="d" file="src/a_test.ts" line="4" tests="1">
      <testcase name="slow" classname="d" time="0" file="src/b_test.ts" line="4" assertions="1">
        <failure type="TimeoutError" message="test timed out" />
      </testcase>
    </testsuite>
  </testsuite>
</testsuites>`;

test("readJunit() counts Deno's record", () => {
  expect(readJunit(deno)).toEqual({ passed: 1, failed: 1, skipped: 1, files: new Set() });
});

test("readJunit() counts Bun's record, nested suites and self-closing cases included", () => {
  expect(readJunit(bun)).toEqual({ passed: 1, failed: 1, skipped: 1, files: new Set(["src/a_test.ts", "src/b_test.ts"]) });
});

test("readJunit() finds nothing in an empty record", () => {
  expect(readJunit("")).toEqual({ passed: 0, failed: 0, skipped: 0, files: new Set() });
});

test("announcedFiles() reads Deno's lines, in turn or in parallel, coloured or not, and leaves out files without a test", () => {
  const inTurn =
    "running 2 tests from ./a_test.ts\n\x1b[0m\x1b[38;5;245mrunning 1 test from ./src/b_test.ts\x1b[0m\nrunning 0 tests from ./c_test.ts\n";
  expect(announcedFiles(inTurn)).toEqual(["a_test.ts", "src/b_test.ts"]);
  const inParallel =
    "./a_test.ts => adds ... ok (1ms)\n./src/b_test.ts => fails ... FAILED (1ms)\n./a_test.ts => is later ... ignored (0ms)\n";
  expect(announcedFiles(inParallel)).toEqual(["a_test.ts", "src/b_test.ts"]);
});
