import { expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { beitConfig, beitParams, initialValues, saveBeit, tokenizer, tokenizerConfig, writeTokenizer } from "../mod.ts";
import type { ParamSpec } from "../mod.ts";
import { child } from "../src/cli/child.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/** The repository over http, as a user's `import` from a URL finds it, and beside it a folder of weights; `asked` fills with paths. */
async function serve(
  models: string,
): Promise<{ url: string; asked: string[]; close: () => void }> {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const path = new URL(request.url!, "http://localhost").pathname;
    asked.push(path);
    const place = path.startsWith("/models/") ? join(models, path.slice("/models/".length)) : join(root, path);
    const bytes = await readFile(place).catch(() => null);
    response.writeHead(bytes ? 200 : 404, {
      "content-type": path.endsWith(".ts") ? "application/typescript" : "text/plain",
    });
    response.end(bytes ?? "not found");
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () => server.close(),
  };
}

const valuesOf = (table: Record<string, ParamSpec>) =>
  Object.fromEntries(
    Object.entries(table).map((
      [name, spec],
    ) => [name, initialValues(name, spec, 0)]),
  );

test(
  "a script in an empty folder imports mod.ts over http, computes, embeds with a model at an address, and trains",
  async () => {
    if (!("Deno" in globalThis)) {
      return console.log(
        "url import: Bun cannot import http URLs, so only Deno runs this",
      );
    }
    const folder = await mkdtemp(join(tmpdir(), "zellige-url-")),
      models = join(folder, "served"),
      empty = join(folder, "empty");
    const { url, asked, close } = await serve(models);
    try {
      for (const path of [join(models, "tiny"), empty]) {
        await mkdir(path, { recursive: true });
      }
      const config = beitConfig({
        imageSize: 32,
        patchSize: 8,
        dim: 16,
        depth: 2,
        heads: 2,
        vocab: 16,
      });
      const codec = tokenizerConfig({
        form: "customized",
        vocab: 16,
        codebookDim: 8,
        layers: 3,
        residual: false,
        hidden: 8,
      });
      await saveBeit(
        join(models, "tiny", "model.safetensors"),
        config,
        valuesOf(beitParams(config)),
      );
      await writeTokenizer(
        join(models, "tiny", "tokenizer.safetensors"),
        codec,
        valuesOf(tokenizer(codec).params),
      );
      await writeFile(
        join(empty, "main.ts"),
        `import { add, evaluate, input, linear, loadModel, openDevice, train } from "${url}/mod.ts";
const device = await openDevice({ device: "cpu", threads: 1 });
const x = input("x", [2, 3]), w = input("w", [1, 3]);
console.log("sums", ...await evaluate(device, add(linear(x, w), linear(x, w)), { x: [1, 2, 3, 4, 5, 6], w: [1, 1, 1] }));

const model = await loadModel("${url}/models/tiny/", { device, workers: 1 });
const png = await (await fetch("data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")).bytes();
const { dimensions, vectors } = await model.embed(png);
console.log("vector", dimensions, Math.hypot(...vectors[0]).toFixed(3), model.description.abilities.toSorted().join(" "));
await model.close();
await device.destroy();

const training = await train({
  stage: "pretrain",
  data: { train: { kind: "mosaics", size: 32, length: 64 }, heldOut: null, measured: 8 },
  encoder: { imageSize: 32, patchSize: 8, dim: 16, depth: 2, heads: 2 },
  pretrain: { target: "pixels", steps: 10, batchSize: 4, minBlock: 1 },
}, { device: { device: "cpu", threads: 1 }, workers: 2 });
for await (const event of training) if (event.type === "metrics" && event.line.train) console.log("step", event.line.step);
console.log("ended", await training.ended);
`,
      );
      const { code, output } = await child(process.execPath, [
        "run",
        "-A",
        "--quiet",
        "--no-lock",
        "--reload=" + url,
        "main.ts",
      ], {
        cwd: empty,
        quiet: true,
      });
      const lines = output.split("\n");
      for (
        const line of [
          "sums 12 30",
          "vector 16 1.000 attention decode dense embed reconstruct tokens",
          "step 10",
          "ended done",
        ]
      ) {
        expect(lines.slice(-8)).toContain(line);
      }
      expect(code).toBe(0);
      for (
        const worker of [
          "/workers/pictures.ts",
          "/workers/training_worker.ts",
          "/workers/data.ts",
        ]
      ) expect(asked).toContain(worker);
    } finally {
      close();
      await rm(folder, { recursive: true });
    }
  },
  120_000,
);
