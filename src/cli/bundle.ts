// deno task bundle [--out DIR]: the library as JavaScript for a web page.

import { copyFileSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { ZelligeError } from "../errors.ts";
import { child } from "./child.ts";
import { readFlags, runCommand } from "./command.ts";
import { ROOT } from "./tree.ts";

const usage = `Usage: deno task bundle [--out DIR]

Writes the library for web pages into DIR (dist if absent), where browser.js is the module that a page imports; it loads the rest of the
folder when it is needed. Made by Deno's bundler, so deno must be on the path.

Exit code: 0 written, 1 the bundler failed, 2 wrong arguments.`;

/** What decoders fetch beside their code. */
const wasm = [
  "jpeg/codec/dec/mozjpeg_dec.wasm",
  "png/codec/pkg/squoosh_png_bg.wasm",
  "webp/codec/dec/webp_dec.wasm",
];

/** The command; gives its exit code. */
export function main(args: string[]): Promise<number> {
  return runCommand("bundle", async () => {
    const { values: { out = "dist", help } } = readFlags(args, {
      out: { type: "string" },
      help: { type: "boolean", short: "h" },
    }, usage);
    if (help) return console.log(usage), 0;
    await bundle(out);
    const sizes = readdirSync(out).map((name) => statSync(join(out, name)).size),
      all = sizes.reduce((a, b) => a + b, 0);
    console.log(
      `${join(out, "browser.js")}: ${sizes.length} files, ${(all / 2 ** 20).toFixed(1)} MiB`,
    );
    return 0;
  });
}

/** Fills the folder `out`. @throws ZelligeError with what the bundler says. */
export async function bundle(out: string): Promise<void> {
  mkdirSync(out, { recursive: true });
  const flags = [
    "--platform",
    "browser",
    "--unstable-raw-imports",
    "--code-splitting",
    "--minify",
    "--quiet",
  ];
  const deno = "Deno" in globalThis ? process.execPath : "deno";
  const { code, output } = await child(deno, [
    "bundle",
    ...flags,
    "--outdir",
    out,
    join(ROOT, "src/browser.ts"),
  ], {
    cwd: ROOT,
    quiet: true,
  });
  if (code !== 0) {
    throw new ZelligeError(
      `deno bundle ended with ${code}: ${output.trim()}; install Deno 2.9, or look at what it says`,
    );
  }
  for (const file of wasm) {
    copyFileSync(
      join(ROOT, "node_modules/@jsquash", file),
      join(out, basename(file)),
    );
  }
}

if (import.meta.main) process.exit(await main(process.argv.slice(2)));
