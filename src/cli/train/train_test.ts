import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { RecipeError } from "../../errors.ts";
import { Recipe } from "../../train/recipe.ts";
import { fieldsOf } from "../../train/recipe/command_line.ts";
import { allStages, inFolder, tinyRecipe } from "../../train/testing.ts";
import { readWords } from "./arguments.ts";
import { factsText, helpText, lineText, listText } from "./texts.ts";

const failure = (promise: Promise<unknown>): Promise<Error> => promise.then(() => new Error("it did not fail"), (error) => error);

describe("readWords()", () => {
  test("takes presets, files, data and fields in any order; the later wins", async () => {
    await inFolder(async (folder) => {
      writeFileSync(`${folder}/own.json`, '{"pretrain":{"lr":0.5,"clip":1}}');
      mkdirSync(`${folder}/photos`);
      const words = await readWords([
        "--workers=0",
        `${folder}/own.json`,
        "cifar10-small",
        `${folder}/photos/`,
        "--pretrain.lr",
        "0.25",
        "--device",
        "cpu",
      ]);
      expect([words.workers, words.device, words.dryRun]).toEqual([0, "cpu", false]);
      expect(words.recipe as unknown).toEqual({
        preset: "cifar10-small",
        pretrain: { lr: 0.25, clip: 1 },
        data: { train: { kind: "folder", path: `${folder}/photos` }, heldOut: null },
      });
    });
  });

  for (
    const [words, message] of [
      [["--pretrain.lr"], /--pretrain\.lr has no value/],
      [["--pretrain.lr", "--seed", "1"], /--pretrain\.lr has no value/],
      [["nowhere"], /nowhere is neither a preset \(mosaics-tiny, .*\) nor a file or folder/],
      [["--threads", "0"], /--threads is 0; give a whole number from 1/],
      [["--a..b", "1"], /--a\.\.b is no field/],
      [["none.json"], /none\.json: does not exist/],
    ] as const
  ) {
    test(`refuses ${words.join(" ")} by name`, async () => {
      const error = await failure(readWords(words));
      expect(error).toBeInstanceOf(RecipeError);
      expect(error.message).toMatch(message);
    });
  }
});

test("the help names every field of a recipe, and the list every preset and kind of data", () => {
  const help = helpText(), list = listText();
  for (const { path } of fieldsOf(Recipe())) expect(help).toContain(`--${path} `);
  for (const name of ["mosaics-tiny", "imagenet-large", "image_folder", "cifar10"]) expect(list).toContain(name);
});

test("lineText() tells a line of the record with the time left", () => {
  const line = { step: 5, stage: "pretrain", job: "pretrain", jobStep: 5, time: 0 } as const;
  const speed = { dataWait: 0.034, picturesPerSecond: 123.4, epoch: 0, skipped: 2 };
  expect(lineText({ ...line, train: { loss: 1.23456, accuracy: 0.123 }, schedule: { lr: 1e-3 }, speed }, 100, 75)).toBe(
    "pretrain    5/100  loss 1.235  accuracy 12 %  rate 1.0e-3  123 pictures/s  waits for data 3.4 %  2 pictures left out  1 min 15 s left",
  );
  expect(lineText({ ...line, measured: { accuracy: 0.5, chance: 0.07 } }, 9, 0)).toBe(
    "pretrain  5/9  held out: accuracy 50 %, chance 7.0 %",
  );
});

test("factsText() tells the size of a job, and whether it is trained in f16", () => {
  const job = { id: "pretrain", stage: "pretrain", seed: 0 } as const, sizes = { parameters: 9, steps: 5, batchSize: 8, microBatch: 4 };
  const facts = { job, ...sizes, lr: 0.1, bytes: 2 ** 21, seconds: 61 };
  const told = "pretrain: 9 parameters, 5 updates of 8 pictures in parts of 4, rate 0.1, 2.0 MiB on the device";
  expect(factsText({ ...facts, precision: "f32" })).toBe(`${told}, about 1 min 1 s`);
  expect(factsText({ ...facts, precision: "f16" })).toBe(`${told} in f16, about 1 min 1 s`);
});

/** Runs the command in this runtime. */
function command(args: string[], onLine: (line: string, child: { kill(signal: "SIGINT"): void }) => void = () => {}) {
  const program = fileURLToPath(new URL("../train.ts", import.meta.url));
  const own = "Deno" in globalThis ? ["run", "-A", "--quiet", program] : [program];
  return new Promise<{ code: number | null; output: string }>((resolve) => {
    const child = spawn(process.execPath, [...own, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (text: Uint8Array) => {
        output += text;
        onLine(String(text), child);
      });
    }
    // Deno ends a process that exits with 130 after a SIGINT by that signal: a shell sees 130 all the same.
    child.on("close", (code, signal) => resolve({ code: signal === "SIGINT" ? 130 : code, output }));
  });
}

const quick = ["--device", "cpu", "--threads", "1", "--workers", "0"];

describe("the command", () => {
  test("trains in a worker, is interrupted by SIGINT with a checkpoint and 130, and goes on to the end", async () => {
    await inFolder(async (folder) => {
      writeFileSync(`${folder}/recipe.json`, JSON.stringify(tinyRecipe({ finetune: { steps: 300 } })));
      let interrupted = false;
      const first = await command([`${folder}/recipe.json`, ...quick, "--runs", folder, "--name", "run"], (text, child) => {
        if (interrupted || !/finetune\S+ +\d+\/300 /.test(text)) return;
        interrupted = true;
        child.kill("SIGINT");
      });
      expect(first.output).toContain("saving and ending");
      expect(first.code, first.output).toBe(130);
      expect(first.output).toContain(`go on with --resume ${folder}/run`);
      expect(first.output).not.toContain("\x1b"); // piped: no colours, no bar
      const second = await command(["--resume", `${folder}/run`, ...quick]);
      expect(second.code, second.output).toBe(0);
      expect(second.output).toMatch(/300\/300 {2}held out: loss/);
      expect(readFileSync(`${folder}/run/report.html`, "utf8")).toContain("</html>");
      const other = await command(["--resume", `${folder}/run`, "--seed", "9", ...quick]);
      expect(other.code).toBe(2);
      expect(other.output).toMatch(/was made with another recipe \(seed: 9 here, 0 there\)/);
    });
  });

  test("says 2 for a recipe that cannot be, 1 for data that is not there", async () => {
    await inFolder(async (folder) => {
      const wrong = await command(["--pretrain.lerning", "1", "--runs", folder]);
      expect([wrong.code, /unknown key pretrain\.lerning/.test(wrong.output)]).toEqual([2, true]);
      const gone = await command(["--data.train", `{"kind":"folder","path":"${folder}/none"}`, ...quick, "--runs", folder]);
      expect([gone.code, gone.output.includes(`${folder}/none`)]).toEqual([1, true]);
    });
  });

  test("tells with --dry-run what a recipe comes to, and makes no run", async () => {
    await inFolder(async (folder) => {
      writeFileSync(`${folder}/recipe.json`, JSON.stringify(tinyRecipe(allStages)));
      const { code, output } = await command([`${folder}/recipe.json`, "--dry-run", "--runs", folder, ...quick]);
      expect(code, output).toBe(0);
      for (const job of ["tokenizer", "pretrain", "finetune-pretrained-50pc-seed0"]) {
        expect(output).toMatch(
          new RegExp(`^${job}: \\d+ parameters, \\d+ updates of 4 pictures, rate [\\d.]+, [\\d.]+ MiB on the device, about`, "m"),
        );
      }
      expect(existsSync(`${folder}/run`)).toBe(false);
    });
  });
});
