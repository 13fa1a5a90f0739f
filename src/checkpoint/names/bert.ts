// BERT's names: Hugging Face's are the model's own but for query, key and value, which the model holds in one matrix.

import { CheckpointError } from "../../errors.ts";
import type { StoredTensor } from "../checkpoint.ts";
import type { StoredTensors } from "./convert.ts";
import { joined, renamed, split } from "./pieces.ts";

const parts = ["query", "key", "value"] as const;

/** What a BERT has beside its parameters: numbers of positions, the tied decoder once more, the head for next sentences. */
const unused = /(^|\.)embeddings\.position_ids$|^cls\.predictions\.decoder\.|^cls\.seq_relationship\./;

/**
 * A BERT's tensors under this project's names. Takes files of the bare encoder (no "bert." before the names) and older ones, whose norms
 * have gamma and beta. Throws CheckpointError for names that are no BERT's, and when query, key and value do not belong together.
 */
export function toBert(tensors: StoredTensors, file = "checkpoint"): Map<string, StoredTensor> {
  const given = new Map<string, StoredTensor>(), made = new Map<string, StoredTensor>();
  for (const [name, tensor] of tensors) {
    const full = (/^(embeddings|encoder|pooler)\./.test(name) ? `bert.${name}` : name)
      .replace(/(LayerNorm|layer_norm\d)\.gamma$/, "$1.weight").replace(/(LayerNorm|layer_norm\d)\.beta$/, "$1.bias");
    if (unused.test(full)) continue;
    if (given.has(full)) throw new CheckpointError(`${file}: two tensors stand for ${full}; keep one of them`);
    given.set(full, tensor);
  }
  if (!given.has("bert.embeddings.word_embeddings.weight")) {
    const some = [...tensors.keys()].slice(0, 3).join(", ");
    throw new CheckpointError(
      `${file}: its ${tensors.size} names (${some}, ...) are not those of a BERT; give one in Hugging Face's layout`,
    );
  }
  for (const [name, tensor] of given) {
    const found = /^(.*\.attention\.self)\.(query|key|value)\.(weight|bias)$/.exec(name);
    if (!found) {
      made.set(name, renamed(tensor, name, file));
      continue;
    }
    const to = `${found[1]}.qkv.${found[3]}`;
    const missing = parts.map((part) => `${found[1]}.${part}.${found[3]}`).find((part) => !given.has(part));
    if (missing) throw new CheckpointError(`${file}: ${name} is there, ${missing} is missing; both are needed for ${to}`);
    if (!made.has(to)) made.set(to, joined(parts.map((part) => given.get(`${found[1]}.${part}.${found[3]}`)!), to, file));
  }
  return made;
}

/** The reverse of `toBert`: what transformers loads. The decoder is left out, as it is tied to the word embeddings. */
export function fromBert(tensors: StoredTensors, file = "checkpoint"): Map<string, StoredTensor> {
  const made = new Map<string, StoredTensor>();
  for (const [name, tensor] of tensors) {
    const found = /^(.*\.attention\.self)\.qkv\.(weight|bias)$/.exec(name);
    if (!found) made.set(name, tensor);
    else {
      parts.forEach((part, i) => {
        const to = `${found[1]}.${part}.${found[2]}`;
        made.set(to, split(tensor, to, i, parts.length, file));
      });
    }
  }
  return made;
}
