import { Checkpoint, StoredTensor } from "../checkpoint.ts";
import { type ByteSource, type CheckpointSource, openSource } from "../source.ts";
import { loadArchive } from "./archive.ts";
import { isLegacy, loadLegacy } from "./legacy.ts";
import { follow, namedTensors, usualPath } from "./names.ts";
import { explained } from "./pickle_cursor.ts";
import { plainRest } from "./plain.ts";
import type { TensorView } from "./tensor_view.ts";

export interface TorchOptions {
  /**
   * The dotted path of the part whose tensors are wanted: "model_ema", "optimizer.state"; "" is everything. Without it the usual
   * keys are followed as long as they hold tensors: "model", else "state_dict", else "module".
   */
  at?: string;
}

/** An open file of torch.save: the tensors under `at`, by dotted names. */
export class TorchCheckpoint extends Checkpoint {
  readonly format = "torch";
  readonly file: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Where `tensors` were found; "" for the whole value. */
  readonly at: string;
  /**
   * Everything else that was saved, as plain values: a training checkpoint's epoch, args, scaler and optimizer (its tensors are
   * StoredTensor, read when asked for), a pickled module's public attributes. Dicts are objects, with the order of objects.
   */
  readonly other: Readonly<Record<string, unknown>>;
  #source: ByteSource;

  constructor(source: ByteSource, root: unknown, path: string[]) {
    super();
    const stored = (name: string, view: TensorView) => {
      const { dtype, shape, bytes } = view;
      return new StoredTensor({ name, dtype, shape, bytes }, source.name, () => view.read());
    };
    this.file = source.name;
    this.at = path.join(".");
    this.tensors = new Map([...namedTensors(follow(root, path))].map(([name, view]) => [name, stored(name, view)]));
    this.other = plainRest(root, path, stored);
    this.#source = source;
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}

/**
 * Opens a file of torch.save (`.pth`, `.pt`, `.bin`, `.pkl`; zip or the form before torch 1.6) and executes nothing of it: its pickle may
 * only
 * mention what `globals.ts` lists. Storages are read by range when a tensor is asked for. Close it when done.
 *
 * Throws CheckpointError, naming the file and the reason, for a damaged file, a global that is not allowed, a dtype that is not known.
 *
 * ```ts
 * import { CheckpointError, openTorch } from "../../../mod.ts";
 * const refused = await openTorch(new Uint8Array(64)).catch((error) => error); // or a path, an address, a Blob
 * console.assert(refused instanceof CheckpointError);
 * ```
 */
export async function openTorch(source: CheckpointSource, options?: TorchOptions): Promise<TorchCheckpoint> {
  return await torchFrom(await openSource(source), options);
}

/** As `openTorch`, over a source that is already open; the source is closed when this throws. */
export async function torchFrom(source: ByteSource, { at }: TorchOptions = {}): Promise<TorchCheckpoint> {
  try {
    const head = await source.read(0, Math.min(source.size, 32));
    const root = isLegacy(head) ? await loadLegacy(source) : await loadArchive(source);
    return explained(source.name, () => {
      const path = at === undefined ? usualPath(root) : at === "" ? [] : at.split(".");
      return new TorchCheckpoint(source, root, path);
    });
  } catch (error) {
    await source.close();
    throw error;
  }
}
