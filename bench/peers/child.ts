// A peer's side of the conversation with main.ts: one JSON object a line each way; lines that do not begin with the mark are the
// peer's own chatter.

import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { inputsOf, type Job } from "./jobs.ts";

export const mark = "@@";

/** A job made ready: its weights and inputs are in place. */
export interface Ready {
  /** One run, finished when it resolves. */
  run(): Promise<void> | void;
  /** Runs for the first time and gives what is compared: the result, or the losses of the first `comparedSteps` training steps. */
  output(): Promise<ArrayLike<number>> | ArrayLike<number>;
  release?(): Promise<void> | void;
}

export interface Peer {
  /** Version of the package, and what it runs on. */
  describe(): string;
  /** Throws the reason when the peer cannot do the job. */
  prepare(job: Job, material: Material): Promise<Ready>;
}

/** The files that the parent wrote for a job. */
export class Material {
  constructor(private readonly folder: string, private readonly job: Job) {}

  input(name: string): Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> {
    const { buffer, byteOffset, byteLength } = readFileSync(`${this.folder}/${this.job.id}.${name}`);
    const bytes = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
    return inputsOf(this.job)[name].dtype === "f32" ? new Float32Array(bytes) : new Uint32Array(bytes);
  }

  floats(name: string): Float32Array<ArrayBuffer> {
    return this.input(name) as Float32Array<ArrayBuffer>;
  }

  /** Every weight of the job's model under its official name. */
  weights(): Record<
    string,
    { shape: number[]; decay: boolean; data: Float32Array<ArrayBuffer> }
  > {
    const { model: { name } } = this.job as { model: { name: string } };
    const table: Record<
      string,
      { shape: number[]; decay: boolean; offset: number }
    > = JSON.parse(readFileSync(`${this.folder}/${name}.json`, "utf8"));
    const { buffer, byteOffset, byteLength } = readFileSync(`${this.folder}/${name}.weights`);
    const all = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
    return Object.fromEntries(
      Object.entries(table).map(([key, { shape, decay, offset }]) => {
        return [key, { shape, decay, data: all.slice(offset, offset + shape.reduce((a, b) => a * b, 1)) }];
      }),
    );
  }

  /** The path of the ONNX file of the job's model. */
  get onnx(): string {
    return `${this.folder}/${onnxName(this.job)}.onnx`;
  }
}

/** Jobs of one model share a file: its batch is dynamic. */
export const onnxName = (job: Job): string => "model" in job ? job.model.name : job.id;

export type Request =
  | { do: "open" }
  | { do: "prepare"; job: Job }
  /** Runs until `ms` have passed, `least` to `most` times. */
  | { do: "time"; ms: number; least: number; most: number }
  | { do: "release" };

export type Answer = { error: string } | {
  description?: string;
  ms?: number;
  times?: number[];
};

/** Answers requests until standard input ends. The folder of the files is the last argument, the peer's name stands before it. */
export async function serve(open: () => Promise<Peer>): Promise<void> {
  const folder = process.argv.at(-1)!, name = process.argv.at(-2)!;
  const since = async <T>(work: () => Promise<T> | T): Promise<[T, number]> => {
    const start = performance.now(), result = await work();
    return [result, performance.now() - start];
  };
  let peer: Peer | undefined, ready: Ready | undefined;
  const answer = async (request: Request): Promise<Answer> => {
    if (request.do === "open") {
      const [opened, ms] = await since(open);
      peer = opened;
      return { description: peer.describe(), ms };
    }
    if (request.do === "prepare") {
      const { job } = request;
      ready = await peer!.prepare(job, new Material(folder, job));
      const [output, ms] = await since(() => ready!.output());
      writeFileSync(`${folder}/${job.id}.${name}.out`, Float32Array.from(output));
      return { ms };
    }
    if (request.do === "release") {
      await ready?.release?.();
      ready = undefined;
      return {};
    }
    const times: number[] = [], end = performance.now() + request.ms;
    while (times.length < request.least || (times.length < request.most && performance.now() < end)) {
      times.push((await since(() => ready!.run()))[1]);
    }
    return { times };
  };
  for await (const line of createInterface({ input: process.stdin })) {
    const reply = await answer(JSON.parse(line)).catch((error): Answer => ({ error: String(error?.message ?? error).split("\n")[0] }));
    process.stdout.write(`${mark}${JSON.stringify(reply)}\n`);
  }
  process.exit(0);
}
