// What `deno test` and `bun test` say of a run, as far as the closing lines need it.

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export interface Report extends Counts {
  /** Files that registered at least one test, as far as the record names them: Bun's does. */
  files: Set<string>;
}

/** Counts the test cases of a JUnit record; a case is one of passed, failed or skipped. */
export function readJunit(xml: string): Report {
  const report: Report = { passed: 0, failed: 0, skipped: 0, files: new Set() };
  for (const [, attributes, selfClosing, body] of xml.matchAll(/<testcase\b((?:[^>"]|"[^"]*")*?)(?:(\/)>|>([^]*?)<\/testcase>)/g)) {
    const file = /\bfile="([^"]*)"/.exec(attributes)?.[1];
    if (file) report.files.add(file);
    if (selfClosing || !/<(failure|error|skipped)\b/.test(body)) report.passed++;
    else if (/^\s*<skipped\b/.test(body)) report.skipped++;
    else report.failed++;
  }
  return report;
}

/** The files that Deno's printed lines announce with at least one test. (Its JUnit record names the file that called Deno.test, our shim.) */
export function announcedFiles(output: string): string[] {
  // deno-lint-ignore no-control-regex -- colours
  const plain = output.replace(/\x1b\[[\d;]*m/g, "");
  const inTurn = plain.matchAll(/^running [1-9]\d* tests? from \.\/(.+)$/gm);
  const inParallel = plain.matchAll(/^\.\/(\S+) => /gm); // --parallel names the file at each test instead
  return [...new Set([...inTurn, ...inParallel].map(([, file]) => file.trim()))];
}
