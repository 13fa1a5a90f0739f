// Child processes of the commands: streamed through and kept, so that a command can both show a run and read it.
import { spawn } from "node:child_process";
import process from "node:process";

export interface Outcome {
  /** Exit status; null when a signal ended the process or it could not be started. */
  code: number | null;
  signal: string | null;
  /** stdout and stderr in the order they came. */
  output: string;
}

export interface ChildOptions {
  cwd?: string;
  env?: Record<string, string | undefined>;
  /** Keep the output only, print nothing. */
  quiet?: boolean;
}

/** Runs a command to its end with stdin closed. A command that cannot be started has code null and the reason as its output. */
export function child(command: string, args: string[], { cwd, env, quiet = false }: ChildOptions = {}): Promise<Outcome> {
  const color = process.stdout.isTTY && !process.env.NO_COLOR ? { FORCE_COLOR: "1" } : {};
  return new Promise((settle) => {
    const running = spawn(command, args, { cwd, env: { ...process.env, ...color, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const [from, to] of [[running.stdout, process.stdout], [running.stderr, process.stderr]] as const) {
      from.setEncoding("utf8");
      from.on("data", (text: string) => {
        output += text;
        if (!quiet) to.write(text);
      });
    }
    running.on("error", (error) => settle({ code: null, signal: null, output: output + error.message }));
    running.on("close", (code, signal) => settle({ code, signal, output }));
  });
}
