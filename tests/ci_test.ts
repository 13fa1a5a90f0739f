import { afterAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { ROOT } from "../src/cli/tree.ts";

const folder = mkdtempSync(join(tmpdir(), "zellige-apt-"));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;

/** Runs .ci/backports_source for bookworm over an apt folder with these files. */
function entry(files: Record<string, string>) {
  const apt = join(folder, String(count++));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(apt, name)), { recursive: true });
    writeFileSync(join(apt, name), text);
  }
  const { status, stdout } = spawnSync("bash", [`${ROOT}.ci/backports_source`, "bookworm", apt], { encoding: "utf8" });
  return { status, stdout };
}

describe.skipIf(process.platform === "win32")(".ci/backports_source", () => {
  test("keeps mirror and key of a deb822 entry and changes its suite", () => {
    const found = entry({
      "sources.list.d/a.sources": "Types: deb\nURIs: https://tools.example/apt\nSuites: stable\nComponents: main\n",
      "sources.list.d/debian.sources":
        "# the release\nTypes: deb deb-src\n# a remark\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main contrib\n" +
        "Signed-By: /usr/share/keyrings/debian.gpg\n\nTypes: deb\nURIs: http://mirror.example/security\nSuites: bookworm-security\nComponents: main\n",
    });
    expect(found).toEqual({
      status: 0,
      stdout:
        "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm-backports\nComponents: main contrib\nSigned-By: /usr/share/keyrings/debian.gpg\n",
    });
  });

  test("passes over deb822 entries that are switched off or give sources only", () => {
    const off = "Types: deb\nEnabled: no\nURIs: http://off.example\nSuites: bookworm\nComponents: main\n";
    const sources = "Types: deb-src\nURIs: http://src.example\nSuites: bookworm\nComponents: main\n";
    expect(entry({ "sources.list.d/a.sources": `${off}\n${sources}` }).status).toBe(1);
  });

  test("keeps options, mirror and components of a one-line entry", () => {
    const text = "#deb http://old.example bookworm main\ndeb http://mirror.example/security bookworm-security main\n" +
      "deb [signed-by=/k.gpg arch=amd64] http://mirror.example/debian bookworm contrib main non-free\ndeb http://b.example bookworm main\n";
    expect(entry({ "sources.list": text })).toEqual({
      status: 0,
      stdout: "deb [signed-by=/k.gpg arch=amd64] http://mirror.example/debian bookworm-backports contrib main non-free\n",
    });
  });

  test("fails where no entry has the release", () => {
    expect(entry({ "sources.list": "deb http://mirror.example/debian trixie main\n" })).toEqual({ status: 1, stdout: "" });
  });
});
