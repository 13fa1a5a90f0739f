import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { sharedData, tar, withFolder } from "../data/datasets/testing.ts";
import { tinyJpeg, tinyWebp } from "../data/decode/tiny_pictures.ts";
import { scan } from "./scan.ts";

const command = fileURLToPath(new URL("./scan.ts", import.meta.url));

/** Runs the command in this runtime; that it ends at all shows that no worker is left. */
function run(...args: string[]) {
  const runtime = process.versions.bun ? [command] : ["run", "-A", "--no-check", command];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...runtime, ...args], { encoding: "utf8", timeout: 60_000 });
  return { status, stdout, stderr };
}

const files = {
  "cat/1.jpg": tinyJpeg,
  "cat/2.jpg": tinyJpeg.subarray(0, 60),
  "dog/ü 图.webp": tinyWebp,
  "dog/3.png": "<html>",
  "notes.txt": "",
};

describe("scan()", () => {
  test("reports every bad picture once, with counts, sizes and classes, for any number of workers", () =>
    withFolder(files, async (path) => {
      for (const workers of [0, 2]) {
        const progress: number[] = [];
        const report = await scan({ kind: "folder", path }, { workers, onProgress: (done, total) => progress.push(done / total) });
        expect(report).toMatchObject({
          pictures: 4,
          good: 2,
          width: { min: 4, median: 4, max: 4 },
          height: { min: 3, max: 3 },
          hung: false,
        });
        expect(report.bad.map(({ name }) => name)).toEqual([`${path}/cat/2.jpg`, `${path}/dog/3.png`]);
        expect(report.bad[0].reason).toMatch(/cat\/2.jpg: the JPEG is truncated/);
        expect(report.classes).toEqual([{ name: "cat", good: 1, bad: 1 }, { name: "dog", good: 1, bad: 1 }]);
        expect([progress[0], progress.at(-1)]).toEqual([0, 1]);
        expect(progress).toEqual(progress.toSorted((a, b) => a - b));
      }
    }));

  test("gives every damaged picture of the collection, and only those or unsupported ones", async () => {
    const path = sharedData("corrupt");
    if (!path) return;
    const list: { file: string; expected: string; allow_error?: boolean; allow_unsupported_error?: boolean }[] = JSON.parse(
      readFileSync(`${path}/expected.json`, "utf8"),
    );
    const { bad } = await scan({ kind: "folder", path }, { workers: 2 });
    const found = new Set(bad.map(({ name }) => name.slice(path.length + 1)));
    for (const { file, expected, allow_error, allow_unsupported_error } of list) {
      if (file.startsWith("containers/") || file === "err_directory.jpg" || file === "ok_no_extension") continue; // not among a folder's pictures
      if (!allow_error && !allow_unsupported_error) expect(found.has(file), file).toBe(expected === "error");
    }
  });
});

describe("deno task scan", () => {
  test("prints tables and ends with 1 where a picture is bad, 0 where none is", () =>
    withFolder(files, (path) => {
      const { status, stdout } = run(path, "--workers", "1");
      expect(status).toBe(1);
      expect(stdout).toContain(`${path} (folder): 4 pictures, 0.0 MB; 2 good, 2 bad`);
      expect(stdout).toMatch(/class +good +bad\n +cat +1 +1\n +dog +1 +1\n/);
      expect(stdout).toMatch(/bad:\n.*cat\/2.jpg: the JPEG is truncated.*\n.*dog\/3.png: /);
    }), 60_000);

  test(
    "prints JSON alone on standard output, also for other kinds",
    () =>
      withFolder({ "a.tar": tar([{ name: "0.jpg", content: tinyJpeg }, { name: "0.cls", content: "4" }]) }, (path) => {
        const { status, stdout } = run(`${path}/a.tar`, "--kind", "webdataset", "--json", "--workers", "0");
        expect(JSON.parse(stdout)).toMatchObject({
          kind: "webdataset",
          pictures: 1,
          good: 1,
          bad: [],
          classes: [{ name: "4", good: 1, bad: 0 }],
        });
        expect(status).toBe(0);
      }),
    60_000,
  );

  test("says what is wrong: 1 for a set that cannot be opened, 2 for its arguments, 0 for help", () => {
    const cases: [string[], number, RegExp][] = [
      [["no-such-folder"], 1, /^scan: no-such-folder: no such file/],
      [[], 2, /0 folders are given, one is wanted/],
      [["a", "--kind", "mosaics"], 2, /there is no kind mosaics; give one of folder, image_folder/],
      [["a", "--workers", "many"], 2, /--workers is many/],
      [["a", "--quick"], 2, /Unknown option '--quick'/],
    ];
    for (const [args, code, message] of cases) {
      const { status, stderr } = run(...args);
      expect(stderr, args.join(" ")).toMatch(message);
      expect(status, args.join(" ")).toBe(code);
    }
    expect(run("--help")).toMatchObject({ status: 0, stderr: "" });
  }, 60_000);
});
