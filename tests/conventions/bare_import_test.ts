// mod.ts must be importable where there is no GPU, no file system and no permission: nothing it reaches may act while it loads.
import { expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { ROOT } from "../../src/cli/tree.ts";

const program = `import("./mod.ts").then((names) => console.log(Object.keys(names).length > 0 ? "has names" : "is empty"))`;

function run(args: string[], input?: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, input, encoding: "utf8", timeout: 60_000 });
  return { status, stdout: stdout.trim(), stderr: status === 0 ? "" : stderr };
}

const inBun = process.versions.bun !== undefined;

test.skipIf(inBun)("mod.ts loads in Deno without any permission and ends by itself", () => {
  expect(run(["run", "--no-prompt", "--quiet", "-"], program)).toEqual({ status: 0, stdout: "has names", stderr: "" });
});

test.skipIf(!inBun)("mod.ts loads in Bun and ends by itself", () => {
  expect(run(["-e", program])).toEqual({ status: 0, stdout: "has names", stderr: "" });
});
