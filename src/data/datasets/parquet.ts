// Parquet files with encoded pictures: the Hugging Face layout (a struct of bytes and path) or a flat column of bytes.
// What can be read alone is a page where the file has an offset index, else a row group; recently read ones are kept, because a shuffled
// order comes back to them.
import { readdirSync, statSync } from "node:fs";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { type FileMetaData, parquetMetadataAsync, parquetReadObjects, parquetSchema, readOffsetIndex } from "npm:hyparquet@1.31.5";
import { DataError } from "../../errors.ts";
import type { DataSet, Opening, Sample } from "./dataset.ts";
import { readAt, sizeOf, unreadable } from "./read_at.ts";

export interface ParquetOptions {
  /** One .parquet file, or a folder of them (read in the order of their names). */
  path: string;
  /** Only files whose name starts with this, for folders that hold several splits. */
  split?: string;
  /** Column of pictures; without it `image` or `img`. */
  image?: string;
  /** Column of class numbers; without it `label`, `labels` or `fine_label`, or none. */
  label?: string;
  /** Class names by label; without it those of the Hugging Face metadata. */
  classes?: string[];
}

interface Shard {
  file: string;
  rows: number;
}

type Row = { bytes: Uint8Array; path?: string; label?: number };

/** Most bytes of decoded rows kept in memory by one open set. */
const KEPT = 256 << 20;

export const parquet = {
  about: "parquet files with encoded pictures (Hugging Face layout or a column of bytes)",

  /** Opens parquet files. Throws DataError for a damaged file, a missing column, and at `read` for a row without a picture. */
  async open({ path, split = "", image, label, classes }: ParquetOptions, { listing }: Opening = {}): Promise<DataSet> {
    const files = (listing as Shard[] | undefined)?.map(({ file }) => file) ?? parquetFiles(path, split);
    const tables = files.map((file) => new Table(file, image, label));
    const shards = listing as Shard[] | undefined ??
      await Promise.all(tables.map(async (table) => ({ file: table.file, rows: (await table.open()).rows })));
    const names = classes ?? await tables[0].classNames();
    const cache = new RowCache();
    return {
      name: path,
      length: shards.reduce((sum, { rows }) => sum + rows, 0),
      classes: names,
      listing: shards,
      async read(index: number): Promise<Sample> {
        let f = 0;
        while (index >= shards[f].rows) index -= shards[f++].rows;
        const { bytes, path, label } = await tables[f].row(index, cache);
        const name = `${files[f]}#${index}${path ? ` (${path})` : ""}`;
        if (label !== undefined && names && !(label >= 0 && label < names.length)) {
          throw new DataError(`${name}: has label ${label}, the set has ${names.length} classes; the class list or the file is wrong`);
        }
        return { name, bytes, label };
      },
    };
  },
};

function parquetFiles(path: string, split: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const files = readdirSync(path).filter((name) => name.endsWith(".parquet") && name.startsWith(split)).sort();
    if (files.length === 0) throw new DataError(`${path}: has no file ${split}*.parquet; give a parquet file or a folder of them`);
    return files.map((name) => `${path}/${name}`);
  } catch (error) {
    throw error instanceof DataError ? error : unreadable(path, error);
  }
}

/** One file, its footer read at first use. */
class Table {
  readonly file: string;
  readonly #image?: string;
  readonly #label?: string;
  #opened?: Promise<{ metadata: FileMetaData; rows: number; image: string; label?: string }>;
  readonly #spans = new Map<number, Promise<number[]>>();

  constructor(file: string, image?: string, label?: string) {
    this.file = file;
    this.#image = image;
    this.#label = label;
  }

  open() {
    return this.#opened ??= this.#read(async () => {
      const metadata = await parquetMetadataAsync(this.#buffer());
      const columns = parquetSchema(metadata).children.map(({ element }) => element.name);
      const pick = (wanted: string | undefined, usual: string[]) => wanted ?? usual.find((name) => columns.includes(name));
      const image = pick(this.#image, ["image", "img"]), label = pick(this.#label, ["label", "labels", "fine_label"]);
      for (const name of [image ?? "image", ...(label ? [label] : [])]) {
        if (!columns.includes(name)) {
          throw new DataError(`${this.file}: has no column ${name} (it has ${columns.join(", ")}); name the columns to use`);
        }
      }
      return { metadata, rows: Number(metadata.num_rows), image: image!, label };
    });
  }

  /** Names of the label column's classes as `datasets` writes them into the footer. */
  async classNames(): Promise<string[] | undefined> {
    const { metadata, label } = await this.open();
    const text = metadata.key_value_metadata?.find(({ key }) => key === "huggingface")?.value;
    if (!text || !label) return undefined;
    try {
      return JSON.parse(text).info?.features?.[label]?.names;
    } catch {
      throw new DataError(`${this.file}: its Hugging Face metadata is no JSON; the footer is damaged, or give the classes by option`);
    }
  }

  async row(index: number, cache: RowCache): Promise<Row> {
    const { metadata, image, label } = await this.open();
    let start = 0, group = 0;
    while (index >= start + Number(metadata.row_groups[group].num_rows)) start += Number(metadata.row_groups[group++].num_rows);
    if (!this.#spans.has(group)) this.#spans.set(group, this.#read(() => Promise.resolve(this.#pageStarts(metadata, group, image))));
    const starts = await this.#spans.get(group)!;
    const span = starts.findLastIndex((first) => first <= index - start);
    const rowStart = start + starts[span], rowEnd = start + (starts[span + 1] ?? Number(metadata.row_groups[group].num_rows));
    const rows = await cache.get(`${this.file}#${rowStart}`, () =>
      this.#read(async () => {
        const columns = label ? [image, label] : [image];
        const options = { file: this.#buffer(), metadata, columns, rowStart, rowEnd, utf8: false, useOffsetIndex: true, compressors };
        return await parquetReadObjects(options);
      }));
    return this.#toRow(rows[index - rowStart], index, image, label);
  }

  #toRow(row: Record<string, unknown>, index: number, image: string, label?: string): Row {
    const value = row[image] as Uint8Array | { bytes?: Uint8Array; path?: Uint8Array | string } | null;
    const bytes = value instanceof Uint8Array ? value : value?.bytes;
    if (!bytes) throw new DataError(`${this.file}#${index}: has no picture bytes in column ${image}; pictures kept as paths are not read`);
    const path = value instanceof Uint8Array ? undefined : value?.path;
    const number = label === undefined || row[label] === null ? undefined : Number(row[label]);
    return { bytes, path: path instanceof Uint8Array ? new TextDecoder().decode(path) : path ?? undefined, label: number };
  }

  /** First rows, within a row group, of the pages of the picture column. */
  #pageStarts(metadata: FileMetaData, group: number, image: string): number[] {
    const leaf = metadata.row_groups[group].columns.find(({ meta_data }) => {
      const [column, ...rest] = meta_data?.path_in_schema ?? [];
      return column === image && (rest.length === 0 || rest.at(-1) === "bytes");
    });
    if (!leaf?.offset_index_offset || !leaf.offset_index_length) return [0];
    const bytes = readAt(this.file, Number(leaf.offset_index_offset), leaf.offset_index_length);
    return readOffsetIndex({ view: new DataView(bytes.buffer), offset: 0 }).page_locations.map((page) => Number(page.first_row_index));
  }

  #buffer() {
    return {
      byteLength: sizeOf(this.file),
      slice: (start: number, end = sizeOf(this.file)) => readAt(this.file, start, end - start).buffer,
    };
  }

  async #read<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      if (error instanceof DataError) throw error;
      throw new DataError(
        `${this.file}: is no readable parquet file (${(error as Error).message}); it is cut short or damaged, fetch it again`,
        { cause: error },
      );
    }
  }
}

/** Decoded spans of rows, the least recently used given up first. Promises are kept, so that two reads of one span make one decode. */
class RowCache {
  readonly #spans = new Map<string, { rows: Promise<Record<string, unknown>[]>; bytes: number }>();
  #bytes = 0;

  get(key: string, load: () => Promise<Record<string, unknown>[]>): Promise<Record<string, unknown>[]> {
    const span = this.#spans.get(key) ?? { rows: load(), bytes: 0 };
    if (!this.#spans.delete(key)) {
      span.rows.then((rows) => {
        if (this.#spans.get(key) !== span) return;
        span.bytes = rows.reduce((sum, row) => sum + Object.values(row).reduce<number>((s, value) => s + sizeInMemory(value), 0), 0);
        this.#bytes += span.bytes;
        for (const [oldest, { bytes }] of this.#spans) {
          if (this.#bytes <= KEPT || oldest === key) break;
          this.#spans.delete(oldest);
          this.#bytes -= bytes;
        }
      }, () => this.#spans.delete(key));
    }
    this.#spans.set(key, span);
    return span.rows;
  }
}

function sizeInMemory(value: unknown): number {
  if (value instanceof Uint8Array) return value.length;
  if (value && typeof value === "object") return Object.values(value).reduce<number>((sum, part) => sum + sizeInMemory(part), 0);
  return 8;
}

// Snappy is built into the library.
const compressors = {
  GZIP: (input: Uint8Array) => new Uint8Array(gunzipSync(input)),
  ZSTD: (input: Uint8Array) => new Uint8Array(zstdDecompressSync(input)),
  BROTLI: (input: Uint8Array) => new Uint8Array(brotliDecompressSync(input)),
};
