// A worker for the pool's tests: it can do everything that a worker should not.
import { expose, transfer } from "npm:comlink@4.4.2";
import process from "node:process";
import { DataError } from "../src/errors.ts";

let calls = 0;

const api = {
  open: (setting: string) => {
    if (setting === "refuse") throw new DataError("set: is not there; give another");
    if (setting === "die") throwLater();
    if (setting === "hang" || setting === "die") return new Promise<void>(() => {});
  },
  double: (x: number) => 2 * x,
  /** How many calls this worker has seen, this one included. */
  count: () => ++calls,
  buffer: (length: number) => {
    const bytes = new Uint8Array(length).fill(7);
    return transfer(bytes, [bytes.buffer]);
  },
  sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
  refuse: () => {
    throw new DataError("cat.jpg: is no picture; remove it");
  },
  dieOf: (cause: keyof typeof causes): Promise<string> => causes[cause](),
  /** Dies the first time that any worker sees the flag 0, which the caller shares among its tries. */
  dieOnce: (flag: Int32Array, cause: keyof typeof causes): Promise<string> =>
    Atomics.add(flag, 0, 1) === 0 ? causes[cause]() : Promise.resolve("alive"),
};

function throwLater(): void {
  setTimeout(() => {
    throw new Error("nobody catches this");
  });
}

const never = () => new Promise<never>(() => {});

/** (module (func (export "f") unreachable)) */
const unreachable = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 5, 1, 3, 0, 0, 11);

const causes: Record<"uncaught" | "rejection" | "exit" | "hang" | "memory" | "trap", () => Promise<string>> = {
  uncaught: () => (throwLater(), never()),
  rejection: () => (void Promise.reject(new Error("nobody handles this")), never()),
  exit: () => (process.exit(3), never()),
  // Long enough to be late, short enough to end: Deno cannot stop a loop without end.
  hang: () => {
    for (const start = Date.now(); Date.now() - start < 3000;);
    return never();
  },
  memory: () => Promise.resolve(`${new ArrayBuffer(2 ** 52).byteLength} bytes`),
  trap: () => (new WebAssembly.Instance(new WebAssembly.Module(unreachable)).exports.f as () => Promise<string>)(),
};

export type Testing = typeof api;

expose(api);
