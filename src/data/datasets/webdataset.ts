// WebDataset: tar shards in which the members of one sample share a key, 000017.jpg + 000017.cls. The headers of every shard are read
// once; after that any sample is one positioned read. Member names are keys and nothing else: no path is ever made of them.
// deno-lint-ignore-file require-await -- a failure must be a rejection
import { readdirSync, statSync } from "node:fs";
import { DataError } from "../../errors.ts";
import type { DataSet, Opening, Sample } from "./dataset.ts";
import { pictureExtensions } from "./folder.ts";
import { readAt, sizeOf, unreadable } from "./read_at.ts";
import { type TarInput, tarMembers } from "./tar.ts";

export interface WebDatasetOptions {
  /** One .tar file, or a folder of them (read in the order of their names). */
  path: string;
  /** Class names by label. */
  classes?: string[];
}

/** A sample's members: parallel arrays, because a set has millions of them and the listing is cloned to every worker. */
interface Shard {
  file: string;
  keys: string[];
  offsets: Float64Array;
  lengths: Float64Array;
  /** Of the samples; -1 everywhere in a set without labels. */
  labels: Int32Array;
}

export const webdataset = {
  about: "WebDataset .tar shards: <key>.jpg with <key>.cls (a class number) or without",

  /** Opens tar shards. Throws DataError for a cut or damaged shard, a key without a picture, labels that only some keys have. */
  async open({ path, classes }: WebDatasetOptions, { listing }: Opening = {}): Promise<DataSet> {
    const shards = listing as Shard[] | undefined ?? await Promise.all(shardFiles(path).map(indexShard));
    const labelled = shards.map(({ labels }) => labels.length > 0 && labels[0] >= 0);
    if (labelled.includes(true) && labelled.includes(false)) {
      const without = shards[labelled.indexOf(false)].file;
      throw new DataError(`${without}: has no .cls labels, other shards of ${path} have; give all shards of one kind`);
    }
    const starts = [0];
    for (const shard of shards) starts.push(starts.at(-1)! + shard.keys.length);
    const length = starts.at(-1)!;
    if (length === 0) throw new DataError(`${path}: has no samples; a WebDataset shard holds members such as 000000.jpg and 000000.cls`);

    return {
      name: path,
      length,
      classes,
      listing: shards,
      async read(index: number): Promise<Sample> {
        const s = starts.findLastIndex((start) => start <= index);
        const { file, keys, offsets, lengths, labels } = shards[s], i = index - starts[s];
        const name = `${file}/${keys[i]}`;
        const label = labels[i] < 0 ? undefined : labels[i];
        if (label !== undefined && classes && label >= classes.length) {
          throw new DataError(`${name}: has label ${label}, the set has ${classes.length} classes; the class list or the shard is wrong`);
        }
        return { name, bytes: readAt(file, offsets[i], lengths[i]), label };
      },
    };
  },
};

function shardFiles(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const files = readdirSync(path).filter((name) => name.endsWith(".tar")).sort().map((name) => `${path}/${name}`);
    if (files.length === 0) throw new DataError(`${path}: has no .tar file; give a shard or a folder of shards`);
    return files;
  } catch (error) {
    throw error instanceof DataError ? error : unreadable(path, error);
  }
}

async function indexShard(file: string): Promise<Shard> {
  const found = new Map<string, { picture?: { offset: number; size: number }; label?: number }>();
  const input = new FileInput(file);
  for await (const { name, size, offset, type } of tarMembers(file, input)) {
    if (type !== "file") continue;
    // The key is the path up to the first dot of the last part; the rest is the kind of member.
    const [, key, extension] = /^((?:.*\/)?[^/.]*)\.?([^/]*)$/.exec(name)!;
    const sample = found.get(key) ?? {};
    if (pictureExtensions.includes(extension.toLowerCase())) {
      if (sample.picture) throw new DataError(`${file}/${key}: has two pictures; keep one per key`);
      sample.picture = { offset, size };
    } else if (extension === "cls") {
      const text = new TextDecoder().decode(await input.read(size)).trim();
      if (!/^\d+$/.test(text)) {
        throw new DataError(`${file}/${name}: says "${text.slice(0, 40)}", a class number is wanted; write the label as 0, 1, ...`);
      }
      sample.label = Number(text);
    } else continue; // .json, .txt and others: captions and notes
    found.set(key, sample);
  }
  const keys = [...found.keys()], samples = [...found.values()];
  const lone = samples.findIndex(({ picture }) => !picture);
  if (lone >= 0) throw new DataError(`${file}/${keys[lone]}: has a label and no picture; the shard was packed wrongly`);
  const unlabelled = samples.findIndex(({ label }) => label === undefined);
  if (unlabelled >= 0 && samples.some(({ label }) => label !== undefined)) {
    throw new DataError(`${file}/${keys[unlabelled]}: has a picture and no .cls label, others have one; the shard was packed wrongly`);
  }
  return {
    file,
    keys,
    offsets: Float64Array.from(samples, ({ picture }) => picture!.offset),
    lengths: Float64Array.from(samples, ({ picture }) => picture!.size),
    labels: Int32Array.from(samples, ({ label }) => label ?? -1),
  };
}

/** A file as tar input: reads 64 KB at a time, so that shards of small members take few reads. */
class FileInput implements TarInput {
  position = 0;
  readonly #size: number;
  readonly #file: string;
  #block = new Uint8Array(0);
  #start = 0;

  constructor(file: string) {
    this.#file = file;
    this.#size = sizeOf(file);
  }

  async read(length: number): Promise<Uint8Array> {
    const end = Math.min(this.position + length, this.#size);
    if (this.position < this.#start || end > this.#start + this.#block.length) {
      this.#start = this.position;
      this.#block = readAt(this.#file, this.position, Math.min(Math.max(length, 65536), this.#size - this.position));
    }
    const bytes = this.#block.subarray(this.position - this.#start, end - this.#start);
    this.position = end;
    return bytes;
  }

  async skipTo(offset: number): Promise<boolean> {
    this.position = Math.min(offset, this.#size);
    return offset <= this.#size;
  }
}
