// Who takes part: this project on its devices, and its peers. Each runs in a process of its own, in one or both runtimes.

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Answer, mark, type Request } from "./child.ts";

export interface Contestant {
  /** Names its files and rows. */
  name: string;
  runtime: "deno" | "bun" | "python3";
  script: string;
  args: string[];
  /** Runs WGSL: on a machine without a GPU only what software can do in seconds is asked of it. */
  webgpu?: boolean;
  infersOnly?: boolean;
}

const inBoth = (name: string, script: string, ...args: string[]): Contestant[] =>
  (["deno", "bun"] as const).map((runtime) => ({ name: `${name}, ${runtime === "deno" ? "Deno" : "Bun"}`, runtime, script, args }));
const inDeno = (name: string, script: string, ...args: string[]): Contestant => inBoth(name, script, ...args)[0];

/** The first is what all others are compared with, in results and in time. */
export const contestants: Contestant[] = [
  ...inBoth("Zellige CPU", "ours.ts", "cpu"),
  inDeno("Zellige CPU with the system's BLAS", "ours.ts", "cpu", "blas"),
  ...inBoth("jax-js WASM", "jax.ts", "wasm"),
  ...inBoth("onnxruntime-web WASM", "ort.ts", "wasm").map((c) => ({ ...c, infersOnly: true })),
  { ...inDeno("onnxruntime-node", "ort.ts", "node"), infersOnly: true },
  inDeno("tfjs WASM", "tf.ts", "wasm"),
  { name: "PyTorch", runtime: "python3", script: "torch_peer.py", args: [] },
  { ...inDeno("Zellige native WebGPU", "ours.ts", "native"), webgpu: true },
  ...inBoth("Zellige Dawn WebGPU", "ours.ts", "dawn").map((c) => ({ ...c, webgpu: true })),
  { ...inDeno("jax-js WebGPU", "jax.ts", "webgpu"), webgpu: true },
  { ...inDeno("onnxruntime-web WebGPU", "ort.ts", "webgpu"), webgpu: true, infersOnly: true },
  { ...inDeno("tfjs WebGPU", "tf.ts", "webgpu"), webgpu: true },
];

/** How a runtime starts a script. Peers' packages lie in this folder, which has no part in the project's own configuration. */
export function commandOf({ runtime, script }: Pick<Contestant, "runtime" | "script">): [string, string[]] {
  const path = fileURLToPath(new URL(script, import.meta.url));
  if (runtime === "deno") {
    return ["deno", ["run", "-A", ...script === "ours.ts" ? [] : ["--node-modules-dir=manual", "--no-lock"], path]];
  }
  return [runtime, [path]];
}

/** A contestant's process. A question that is not answered in time ends it. */
export class Running {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  #errors = "";

  constructor({ name, ...contestant }: Contestant, folder: string) {
    const [command, args] = commandOf(contestant);
    this.#process = spawn(command, [...args, ...contestant.args, name, folder], { env: { ...process.env, NO_COLOR: "1" } });
    this.#process.on("error", () => {}); // a runtime that is not there: standard output ends
    this.#process.stdin.on("error", () => {});
    this.#process.stderr.on("data", (bytes) => this.#errors = (this.#errors + bytes).slice(-2000));
    this.#answers = createInterface({ input: this.#process.stdout })
      [Symbol.asyncIterator]();
  }

  /** @throws Error with the contestant's reason, or the last line of its standard error when it ended. */
  async ask(request: Request, ms: number): Promise<Exclude<Answer, { error: string }>> {
    let timer;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done within ${Math.round(ms / 1000)} s`)), ms);
    });
    try {
      this.#process.stdin.write(JSON.stringify(request) + "\n");
      const answer = await Promise.race([this.#next(), late]);
      if ("error" in answer) throw new Error(answer.error);
      return answer;
    } finally {
      clearTimeout(timer);
    }
  }

  stop(): void {
    this.#process.kill("SIGKILL");
  }

  async #next(): Promise<Answer> {
    while (true) {
      const { value, done } = await this.#answers.next();
      if (done) {
        throw new Error(this.#errors.trim().split("\n").at(-1) || "its process does not start");
      }
      if (value.startsWith(mark)) return JSON.parse(value.slice(mark.length));
    }
  }
}
