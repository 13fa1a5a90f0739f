// What the tests of data sets share: throw-away folders, small tar archives, the folder of real pictures beside the checkout.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { DataSet } from "./dataset.ts";

/** Runs `body` with a new folder that holds `files` by their paths, and removes it. */
export async function withFolder(files: Record<string, string | Uint8Array>, body: (folder: string) => unknown): Promise<void> {
  const folder = mkdtempSync(`${tmpdir()}/zellige-`);
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(`${folder}/${name}`), { recursive: true });
      writeFileSync(`${folder}/${name}`, content);
    }
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A path below the shared data beside the checkout; says so in one line and gives undefined where it is absent. */
export function sharedData(name: string): string | undefined {
  const path = fileURLToPath(new URL(`../../../../shared/data/${name}`, import.meta.url));
  if (existsSync(path)) return path;
  console.log(`skipped: no ../shared/data/${name}`);
}

/** Every sample of a set, in order. */
export async function readAll(set: DataSet) {
  const samples = [];
  for (let index = 0; index < set.length; index++) samples.push(await set.read(index));
  return samples;
}

export interface Member {
  name: string;
  content?: string | Uint8Array;
  /** Type flag: "0" file, "5" folder, "2" symbolic link, "x" PAX, "L" GNU long name. */
  type?: string;
}

/** A tar archive with its end mark. */
export function tar(members: Member[]): Uint8Array<ArrayBuffer> {
  const blocks = members.flatMap(({ name, content = "", type = "0" }) => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const header = new Uint8Array(512), put = (at: number, text: string) => header.set(new TextEncoder().encode(text), at);
    put(0, name);
    put(100, "0000644\0");
    put(124, bytes.length.toString(8).padStart(11, "0") + "\0");
    put(136, "00000000000\0");
    put(148, "        ");
    put(156, type);
    put(257, "ustar\x0000");
    put(148, header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0") + "\0 ");
    const padded = new Uint8Array(Math.ceil(bytes.length / 512) * 512);
    padded.set(bytes);
    return [header, padded];
  });
  blocks.push(new Uint8Array(1024));
  const archive = new Uint8Array(blocks.reduce((sum, block) => sum + block.length, 0));
  blocks.reduce((at, block) => (archive.set(block, at), at + block.length), 0);
  return archive;
}
