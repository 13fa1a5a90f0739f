// For tests of commands: what one said, on either stream, and how it ended.

/** Runs a command's `main` on the CPU device, decoding on this thread. */
export async function saidBy(
  main: (args: string[]) => Promise<number>,
  ...args: string[]
): Promise<{ code: number; said: string }> {
  const lines: string[] = [], { log, error } = console;
  console.log = console.error = (line: string) => lines.push(line);
  try {
    return { code: await main([...args, "--device", "cpu", "--workers", "0"]), said: lines.join("\n") };
  } finally {
    Object.assign(console, { log, error });
  }
}
