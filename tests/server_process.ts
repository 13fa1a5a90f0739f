// serve.ts as a process of its own in the runtime of the test, for tests that need the whole server.

import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

export interface ServerProcess {
  url: string;
  /** Everything that it has logged. */
  log(): string;
  /** SIGTERM; resolves with the exit code. */
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<number | null>;
}

const root = fileURLToPath(new URL("../", import.meta.url));

/** Starts the server on a free port; resolves when it says that it listens. */
export async function startServer(flags: string[], env: Record<string, string> = {}): Promise<ServerProcess> {
  const command = "Deno" in globalThis ? ["run", "-A", "serve.ts"] : ["serve.ts"];
  const child = spawn(process.execPath, [...command, "--port", "0", ...flags], { cwd: root, env: { ...process.env, ...env } });
  let text = "";
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  const url = await new Promise<string>((resolve, reject) => {
    const read = (chunk: Uint8Array) => {
      text += new TextDecoder().decode(chunk);
      const found = /"url":"(http:[^"]+)"/.exec(text);
      if (found) resolve(found[1]);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    ended.then((code) => reject(new Error(`serve.ts ended with ${code} before it listened:\n${text}`)));
  });
  return {
    url,
    log: () => text,
    stop(signal = "SIGTERM") {
      child.kill(signal);
      return ended;
    },
  };
}
