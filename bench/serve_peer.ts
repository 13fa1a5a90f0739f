// The peer of bench/serve.ts: the exported model in onnxruntime-node behind a bare Hono handler, a picture a run, without any of the
// server's limits. deno run -A bench/serve_peer.ts FILE.onnx SIZE; its package is that of bench/peers.

import { serve } from "npm:@hono/node-server@2.1.8";
import { Hono } from "npm:hono@4.13.19";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { prepareHere } from "../src/inference/prepare.ts";
import { fileOf } from "./peers/packages/load.ts";

const [file, size] = [process.argv[2], Number(process.argv[3])], plane = size * size;
const ort = createRequire(fileOf("onnxruntime-node/package.json"))("onnxruntime-node"); // CommonJS, which Deno does not take for a module
const session = await ort.InferenceSession.create(file, { intraOpNumThreads: navigator.hardwareConcurrency });

const app = new Hono().post("/v1/embeddings", async (context) => {
  const bytes = new Uint8Array(await context.req.arrayBuffer());
  const pixels = await prepareHere(bytes, { name: "picture", view: { size, filter: "bicubic", share: 1 }, maxPixels: 16_000_000 });
  const values = new Float32Array(3 * plane);
  for (let i = 0; i < plane; i++) for (let c = 0; c < 3; c++) values[c * plane + i] = (pixels[3 * i + c] / 255 - 0.5) / 0.5;
  const answer = await session.run({ [session.inputNames[0]]: new ort.Tensor("float32", values, [1, 3, size, size]) });
  const embedding = answer[session.outputNames[0]].data as Float32Array;
  return context.json({
    object: "list",
    data: [{ object: "embedding", index: 0, embedding: new Uint8Array(embedding.buffer).toBase64() }],
  });
});
const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1", overrideGlobalObjects: false }, () => {
  console.error(JSON.stringify({ message: "ready", url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));
});
