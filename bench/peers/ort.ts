// onnxruntime-node and onnxruntime-web: bench/peers/ort.ts <node|wasm|webgpu> NAME FOLDER. They infer, and cannot train.

import { readFileSync } from "node:fs";
import process from "node:process";
import { type Peer, serve } from "./child.ts";
import { inputsOf } from "./jobs.ts";
import { fileOf, load, version } from "./packages/load.ts";

const backend = process.argv[2] as "node" | "wasm" | "webgpu";
const { hardwareConcurrency: threads } = navigator;

async function open(): Promise<Peer> {
  const name = backend === "node" ? "onnxruntime-node" : "onnxruntime-web";
  const path = {
    node: name,
    wasm: fileOf("onnxruntime-web/dist/ort.node.min.mjs").href,
    webgpu: fileOf("onnxruntime-web/dist/ort.webgpu.min.mjs").href,
  };
  const ort = await load(path[backend]);
  if (backend !== "node") {
    ort.env.wasm.numThreads = backend === "wasm" ? threads : 1;
  }
  const options = backend === "node" ? { intraOpNumThreads: threads } : { executionProviders: [backend] };
  return {
    describe: () =>
      `${name} ${version(name)}, ${backend === "node" ? "native" : backend}${backend === "webgpu" ? "" : `, ${threads} threads`}`,
    async prepare(job, material) {
      if (job.kind === "training" || job.kind === "tokenizer") {
        throw new Error("cannot train");
      }
      const session = await ort.InferenceSession.create(backend === "node" ? material.onnx : readFileSync(material.onnx), options);
      const [[input, { shape }]] = Object.entries(inputsOf(job)),
        feeds = { [session.inputNames[0]]: new ort.Tensor("float32", material.floats(input), shape) };
      const run = async () => (await session.run(feeds))[session.outputNames[0]].data;
      return {
        run: async () => void await run(),
        output: run,
        release: () => session.release(),
      };
    },
  };
}

await serve(open);
