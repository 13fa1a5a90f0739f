// The live page in a real browser against the real server: a run is started, its curve moves, it is stopped; pictures are added,
// one is dropped, and its neighbours appear.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { Buffer } from "node:buffer";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Browser, Page } from "npm:playwright-core@1.65.1";
import { saveBeit } from "../src/checkpoint/beit/mod.ts";
import { encodePng } from "../src/data/encode.ts";
import { openDataSet } from "../src/data/datasets/mod.ts";
import { beitParams } from "../src/models/beit.ts";
import { beitConfig } from "../src/models/beit_config.ts";
import { initialValues } from "../src/nn/parameters.ts";
import { type ServerProcess, startServer } from "./server_process.ts";

const chromium = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => existsSync(path));
if (!chromium) {
  console.log("not run: the page in a browser; install one (Debian: chromium)");
}

const folder = mkdtempSync(`${tmpdir()}/zellige-page-`);
let server: ServerProcess, browser: Browser, page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  if (!chromium) return;
  const config = beitConfig({
      imageSize: 32,
      patchSize: 8,
      dim: 32,
      depth: 2,
      heads: 2,
      vocab: 16,
    }),
    table = beitParams(config);
  const values = Object.entries(table).map((
    [name, spec],
  ) => [name, initialValues(name, spec, 1)]);
  await saveBeit(
    `${folder}/tiny.safetensors`,
    config,
    Object.fromEntries(values),
  );
  const places = [
    "--runs",
    `${folder}/runs`,
    "--store",
    `${folder}/collections.sqlite`,
    "--model",
    `${folder}/tiny.safetensors`,
  ];
  server = await startServer([...places, "--device", "cpu"]);
  const { chromium: driver } = await import("npm:playwright-core@1.65.1");
  browser = await driver.launch({
    executablePath: chromium,
    args: ["--no-sandbox", "--disable-gpu"],
  });
  page = await browser.newPage();
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("requestfailed", (request) => {
    const failure = request.failure()?.errorText ?? "";
    if (!failure.includes("ERR_ABORTED")) {
      complaints.push(`${request.url()}: ${failure}`);
    }
  });
  await page.goto(server.url);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(folder, { recursive: true });
}, 30_000);

/** A mosaic as a file that a person could drop. */
async function picture(index: number) {
  const set = await openDataSet({ kind: "mosaics", size: 32, length: 40 });
  return {
    name: `mosaic-${index}.png`,
    mimeType: "image/png",
    buffer: Buffer.from(await encodePng((await set.read(index)).picture!)),
  };
}

if (chromium) {
  test(
    "the page says which model is at work, and asks for nothing from elsewhere",
    async () => {
      await page.waitForFunction(() => /on CPU/.test(document.querySelector("#model")!.textContent!));
      const hosts = await page.evaluate(() => performance.getEntriesByType("resource").map((entry) => new URL(entry.name).host));
      expect(new Set(hosts)).toEqual(new Set([new URL(server.url).host]));
    },
    60_000,
  );

  test(
    "a run is started from the form, its curve moves, and it is stopped",
    async () => {
      await page.selectOption("#stage", "tokenizer");
      await page.click("summary:has-text('Every setting')");
      await page.click("summary:has-text('tokenizer')");
      await page.fill('[data-path="tokenizer.steps"]', "400");
      await page.fill('[data-path="logEvery"]', "2");
      await page.click("button:has-text('Start a run')");
      const seen = () =>
        page.evaluate(() =>
          Number(
            /update (\d+)/.exec(
              document.querySelector("#run-line")!.textContent!,
            )?.[1] ?? -1,
          )
        );
      await page.waitForSelector("#curves canvas", { timeout: 90_000 });
      const before = await seen();
      await page.waitForFunction(
        (before) =>
          Number(
            /update (\d+)/.exec(
              document.querySelector("#run-line")!.textContent!,
            )?.[1],
          ) > before,
        before,
        { timeout: 60_000 },
      );
      await page.click('#runs button:has-text("stop")');
      await page.waitForSelector('#runs td[data-state="stopped"]', {
        timeout: 60_000,
      });
    },
    240_000,
  );

  test(
    "pictures are added, and one that is dropped finds itself first",
    async () => {
      const files = await Promise.all([0, 1, 2, 3, 4, 5].map(picture));
      await page.setInputFiles("#add", files);
      await page.waitForFunction(
        () =>
          /6 of 6 pictures/.test(
            document.querySelector("#notice")!.textContent!,
          ),
        undefined,
        {
          timeout: 60_000,
        },
      );
      const data = await page.evaluateHandle(({ name, bytes }) => {
        const transfer = new DataTransfer();
        transfer.items.add(
          new File([new Uint8Array(bytes)], name, { type: "image/png" }),
        );
        return transfer;
      }, { name: files[3].name, bytes: [...files[3].buffer] });
      await page.dispatchEvent("#drop", "drop", { dataTransfer: data });
      await page.waitForSelector("#neighbours img", { timeout: 60_000 });
      expect(await page.textContent("#neighbours li")).toContain(
        "mosaic-3.png",
      );
    },
    180_000,
  );

  test("the page is usable by keyboard, and nothing went wrong on it", async () => {
    await page.keyboard.press("Tab");
    const names = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>("button, input, select")]
        .filter((control) => {
          const named = control.textContent ||
            control.getAttribute("aria-label") ||
            (control as HTMLInputElement).labels?.length;
          return !named;
        }).map((control) => control.outerHTML)
    );
    expect(names).toEqual([]);
    expect(complaints).toEqual([]);
  });
}
