// The library in a real browser: bundled, loaded by a page, computing on its CPU device and on its WebGPU.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "npm:playwright-core@1.65.1";
import { encodePng, loadModel, type Picture } from "../mod.ts";
import type * as Zellige from "../src/browser.ts";
import { bundle } from "../src/cli/bundle.ts";
import { child } from "../src/cli/child.ts";
import { ROOT } from "../src/cli/tree.ts";

const chromium = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => existsSync(path));
const deno = (await child("deno", ["--version"], { quiet: true })).code === 0;
if (!chromium || !deno) {
  console.log(
    "not run: the library in a browser; it needs deno and a browser (Debian: chromium)",
  );
}
const runs = test.skipIf(!chromium || !deno);

const folder = mkdtempSync(`${tmpdir()}/zellige-browser-`);
let server: Server, browser: Browser, page: Page;

const types: Record<string, string> = {
  js: "text/javascript",
  wasm: "application/wasm",
  html: "text/html",
};

/** The bundle, the model that ships, and an empty page. */
function answer(path: string): Uint8Array | string | undefined {
  if (path === "/page.html") return "<!doctype html><title>empty</title>";
  const file = path.startsWith("/models/") ? join(ROOT, path) : join(folder, path);
  return existsSync(file) ? readFileSync(file) : undefined;
}

const picture: Picture = {
  width: 48,
  height: 40,
  pixels: Uint8Array.from(
    { length: 48 * 40 * 3 },
    (_, i) => 128 + 100 * Math.sin(i / 7) * Math.cos(i / 311),
  ),
};

beforeAll(async () => {
  if (!chromium || !deno) return;
  await bundle(folder);
  server = createServer((request, response) => {
    const path = new URL(request.url!, "http://localhost").pathname,
      found = answer(path);
    response.writeHead(found === undefined ? 404 : 200, {
      "content-type": types[path.split(".").at(-1)!] ??
        "application/octet-stream",
    });
    response.end(found);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { chromium: driver } = await import("npm:playwright-core@1.65.1");
  const webgpu = [
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--enable-features=Vulkan",
  ];
  browser = await driver.launch({
    executablePath: chromium,
    args: ["--no-sandbox", ...webgpu],
  });
  page = await browser.newPage();
  await page.goto(
    `http://127.0.0.1:${(server.address() as AddressInfo).port}/page.html`,
  );
}, 120_000);

afterAll(async () => {
  await browser?.close();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

runs(
  "a page loads a model from an address and embeds pixels and a file as this runtime does",
  async () => {
    const png = await encodePng(picture);
    const found = await page.evaluate(
      async ({ width, height, pixels, png }) => {
        const { loadModel }: typeof Zellige = await import(
          `${location.origin}/browser.js`
        );
        await using model = await loadModel(
          new URL("/models/tiny/", location.href),
          { device: { device: "cpu" } },
        );
        const { vectors, fingerprint } = await model.embed([{
          width,
          height,
          pixels: Uint8Array.from(pixels),
        }, Uint8Array.from(png)]);
        return {
          vectors: vectors.map((vector) => [...vector]),
          fingerprint,
          tokens: [...(await model.tokens(Uint8Array.from(png))).ids],
        };
      },
      { ...picture, pixels: [...picture.pixels], png: [...png] },
    );

    await using model = await loadModel(
      join(ROOT, "models/tiny"),
      { device: { device: "cpu", threads: 1 } },
    );
    const { vectors: [wanted], fingerprint } = await model.embed(picture);
    expect(found.fingerprint).toBe(fingerprint);
    expect(found.tokens).toEqual([...(await model.tokens(picture)).ids]);
    for (const vector of found.vectors) {
      expect(vector.length).toBe(wanted.length);
      vector.forEach((value, i) => expect(Math.abs(value - wanted[i])).toBeLessThan(1e-5));
    }
  },
  120_000,
);

runs(
  "a page trains a model of its own on the CPU device, and on WebGPU where the browser has an adapter",
  async () => {
    const found = await page.evaluate(async () => {
      const z: typeof Zellige = await import(`${location.origin}/browser.js`);
      const train = async (kind: "cpu" | "native") => {
        const device = await z.openDevice({ device: kind });
        const p = z.parameters({
          "in.weight": { shape: [16, 2], init: (draws) => draws.normal() },
          "in.bias": { shape: [16], init: 0 },
          "out.weight": {
            shape: [2, 16],
            init: (draws) => 0.3 * draws.normal(),
          },
        });
        const x = z.input("x", [4, 2]), target = z.input("target", [4], "u32");
        const loss = z.crossEntropy(
          z.linear(
            z.gelu(z.linear(x, p["in.weight"], { bias: p["in.bias"] })),
            p["out.weight"],
          ),
          target,
        );
        const optimizer = z.adamw(p, z.gradients(loss, Object.values(p)), {
          clip: 1,
        });
        const program = await z.compile(device, { loss }, {
          updates: optimizer.updates,
        });
        for (let step = 0; step < 200; step++) {
          program.write({
            x: [0, 0, 0, 1, 1, 0, 1, 1],
            target: [0, 1, 1, 0],
            ...optimizer.values({ step, lr: 0.02 }),
          });
          program.run();
        }
        const last = await program.readNumber("loss");
        program.destroy();
        await device.destroy();
        return last;
      };
      const adapter = await (navigator as { gpu?: { requestAdapter(): Promise<unknown> } })
        .gpu?.requestAdapter();
      return {
        cpu: await train("cpu"),
        native: adapter ? await train("native") : null,
      };
    });
    expect(found.cpu).toBeLessThan(0.1);
    if (found.native === null) {
      return console.log("not run: WebGPU in the browser; it has no adapter");
    }
    expect(Math.abs(found.native - found.cpu)).toBeLessThan(1e-3);
  },
  120_000,
);
