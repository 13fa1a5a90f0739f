// Kinds "safetensors_edge", "pth" and "module_pickle": what readers must find in files of other programs, and what they must refuse.
// Nothing is computed, so every device gives the same.

import { readdir, readFile } from "node:fs/promises";
import { join, parse } from "node:path";
import { type Checkpoint, openCheckpoint, parseSafetensors, type StoredTensor } from "../../src/checkpoint/mod.ts";
import type { Device } from "../../src/devices/device.ts";
import { CheckpointError } from "../../src/errors.ts";
import type { Check } from "./check.ts";
import { exact } from "./exact.ts";
import type { Fixture } from "./fixture.ts";

interface Expected {
  dtype: string;
  shape: number[];
  values: number[];
}

/** Every expected tensor of NAME.safetensors; every file of the folders whose names end with "_bad" is refused. */
export async function safetensorsEdge({ directory, manifest }: Fixture, _device: Device, check: Check): Promise<void> {
  const path = join(directory, `${manifest.name}.safetensors`), expected = manifest.expected as Record<string, Expected>;
  await using opened = await openCheckpoint(path);
  const parsed = parseSafetensors(new Uint8Array(await readFile(path)), path);
  exact(check, "names", [...opened.tensors.keys()].sort(), Object.keys(expected).sort());
  for (const [name, want] of Object.entries(expected)) {
    await tensor(check, name, opened.tensors.get(name), want, (stored) => stored.readNumbers());
    exact(check, `${name}, parsed`, parsed.readNumbers(name), want.values);
  }
  for (const folder of (await readdir(directory)).filter((entry) => entry.endsWith("_bad"))) {
    for (const file of await readdir(join(directory, folder))) await refused(check, join(directory, folder, file), `${folder}/${file}`);
  }
}

/** Files of torch.save: the values that `expected` gives by dotted path, or the same weights as another fixture's. */
export async function pth({ directory, manifest }: Fixture, _device: Device, check: Check): Promise<void> {
  for (const [file, description] of Object.entries(manifest.files as Record<string, string>)) {
    const expected = manifest.expected?.[file] as Record<string, unknown> | undefined;
    const same = /weights (?:safetensors )?of (\w+)/.exec(description)?.[1];
    if (expected) {
      await using opened = await openCheckpoint(join(directory, file), { at: "" });
      for (const [path, want] of Object.entries(expected)) await valueAt(check, `${file}: ${path}`, opened, path, want);
    } else if (same) await sameWeights(check, join(directory, file), join(directory, `${same}.weights.safetensors`), "");
    else check.fail(`${file}: the fixture does not say what is in it`);
  }
}

/** Pickled modules: the parameters of encoder*.pkl are those that begin with "encoder." in the file that `weights_equal_to` names. */
export async function modulePickle({ directory, manifest }: Fixture, _device: Device, check: Check): Promise<void> {
  const weights = /[\w.-]+\.safetensors/.exec(manifest.weights_equal_to)![0];
  for (const file of Object.keys(manifest.files!)) {
    await sameWeights(check, join(directory, file), join(directory, weights), `${/^(en|de)coder/.exec(file)?.[0] ?? parse(file).name}.`);
  }
}

/** The tensors of `path` are those of `weights` whose names begin with `prefix`, bit by bit. */
async function sameWeights(check: Check, path: string, weights: string, prefix: string): Promise<void> {
  await using opened = await openCheckpoint(path);
  await using other = await openCheckpoint(weights);
  const wanted = [...other.tensors].filter(([name]) => name.startsWith(prefix)), file = parse(path).base;
  exact(check, `${file}: names`, [...opened.tensors.keys()].sort(), wanted.map(([name]) => name.slice(prefix.length)).sort());
  for (const [name, want] of wanted) {
    const got = opened.tensors.get(name.slice(prefix.length));
    if (!got) continue;
    exact(check, `${file}: shape of ${name}`, [got.dtype, ...got.shape], [want.dtype, ...want.shape]);
    exact(check, `${file}: ${name}`, await got.readRaw(), await want.readRaw());
  }
}

async function valueAt(check: Check, label: string, opened: Checkpoint, path: string, want: unknown): Promise<void> {
  const stored = opened.tensors.get(path);
  if (isTensor(want)) {
    // Float32 even of float64: so the manifests of this kind have it.
    const numbers = async (found: StoredTensor) => Array.from(await found.read() as Float32Array, Number);
    return await tensor(check, label, stored, { ...want, dtype: safetensorsNames[want.dtype] ?? want.dtype }, numbers);
  }
  const wanted = [want].flat(Infinity);
  if (stored) return exact(check, label, await stored.readNumbers(), wanted);
  let value: unknown = "other" in opened ? opened.other : undefined;
  for (const key of path.split(".")) value = (value as Record<string, unknown> | undefined)?.[key];
  exact(check, label, [value].flat(Infinity), wanted);
}

const isTensor = (value: unknown): value is Expected => typeof value === "object" && value !== null && "dtype" in value;

const safetensorsNames: Record<string, string> = {
  "torch.float16": "F16",
  "torch.bfloat16": "BF16",
  "torch.float32": "F32",
  "torch.float64": "F64",
  "torch.int8": "I8",
  "torch.int16": "I16",
  "torch.int32": "I32",
  "torch.int64": "I64",
  "torch.uint8": "U8",
  "torch.bool": "BOOL",
};

async function tensor(
  check: Check,
  label: string,
  got: StoredTensor | undefined,
  want: Expected,
  read: (stored: StoredTensor) => Promise<ArrayLike<number>>,
): Promise<void> {
  if (!got) return check.fail(`${label}: the file has no such tensor`);
  exact(check, `${label}: dtype and shape`, [got.dtype, ...got.shape], [want.dtype, ...want.shape]);
  exact(check, label, await read(got), want.values);
}

async function refused(check: Check, path: string, label: string): Promise<void> {
  try {
    await using opened = await openCheckpoint(path);
    for (const stored of opened.tensors.values()) await stored.readRaw();
    check.fail(`${label}: was read, a reader must refuse it`);
  } catch (error) {
    if (error instanceof CheckpointError) check.count++;
    else check.fail(`${label}: refused by a ${(error as Error).name} instead of a CheckpointError: ${(error as Error).message}`);
  }
}
