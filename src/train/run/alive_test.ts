import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { isAlive } from "./alive.ts";

const folder = () => realpathSync(mkdtempSync(join(tmpdir(), "zellige-alive-")));
/** Of a process that has ended. */
const gone = () => spawnSync(process.execPath, ["--version"]).pid;

test("isAlive() asks the system where it may, whatever the age of the file", () => {
  const path = folder(), file = join(path, "status.json");
  try {
    writeFileSync(file, "{}");
    expect(isAlive(gone(), file)).toBe(false);
    utimesSync(file, 0, 0);
    expect(isAlive(process.pid, file)).toBe(true);
  } finally {
    rmSync(path, { recursive: true });
  }
});

test("isAlive() goes by the file where it may not ask, without a question at the terminal", () => {
  if (!("Deno" in globalThis)) return console.log("only Deno has programs without the permission to ask for processes");
  const path = folder(), fresh = join(path, "fresh"), old = join(path, "old"), module = new URL("./alive.ts", import.meta.url).href;
  try {
    for (const file of [fresh, old]) writeFileSync(file, "{}");
    utimesSync(old, 0, 0);
    const program = `import { isAlive } from ${JSON.stringify(module)};
      console.log(JSON.stringify(${JSON.stringify([fresh, old, join(path, "none")])}.map((file) => isAlive(${process.pid}, file))));`;
    writeFileSync(join(path, "main.ts"), program);
    const args = ["run", "--no-check", "--no-lock", `--allow-read=${path}`, join(path, "main.ts")];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 });
    expect([stdout.trim(), stderr]).toEqual(["[true,false,false]", expect.not.stringContaining("permission")]);
  } finally {
    rmSync(path, { recursive: true });
  }
});
