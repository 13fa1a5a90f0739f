// Weights that a stage over texts begins with: what the run has made before, or a published checkpoint.

import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { openCheckpoint } from "../../checkpoint/mod.ts";
import { toBert } from "../../checkpoint/names/mod.ts";
import { openWordPiece, type WordPiece } from "../../data/text/word_piece.ts";
import { CheckpointError } from "../../errors.ts";
import type { ParamSpec } from "../../nn/parameters.ts";

/** The heads that a new task has not, or has of its own. */
const heads = /^(cls\.|classifier\.|bert\.pooler\.)/;

/**
 * A BERT's table of parameters with the values of a checkpoint (Hugging Face's, or own) for start values. Heads that it lacks, or has for
 * something else, begin as the table says; of a longer table of positions the first are taken.
 *
 * @throws CheckpointError where anything else is missing or of another shape, or the checkpoint's vocabulary is another one.
 */
export async function startBert(path: string, table: Record<string, ParamSpec>, wordPiece: WordPiece): Promise<Record<string, ParamSpec>> {
  checkVocabulary(path, wordPiece);
  await using opened = await openCheckpoint(path);
  const stored = toBert(opened.tensors, opened.file), started: Record<string, ParamSpec> = {}, faults: string[] = [];
  for (const [name, spec] of Object.entries(table)) {
    const tensor = stored.get(name), [rows, ...rest] = spec.shape;
    const longer = name === "bert.embeddings.position_embeddings.weight" && tensor && tensor.shape[0] >= rows &&
      String(tensor.shape.slice(1)) === String(rest);
    if (tensor && (longer || String(tensor.shape) === String(spec.shape))) {
      started[name] = { ...spec, init: (await tensor.readFloat32()).slice(0, spec.shape.reduce((a, b) => a * b, 1)) };
    } else if (heads.test(name)) started[name] = spec;
    else faults.push(tensor ? `${name} (${tensor.shape.join(", ")}), expected (${spec.shape.join(", ")})` : `${name} is missing`);
  }
  if (!faults.length) return started;
  const some = faults.slice(0, 3).join("; ");
  throw new CheckpointError(
    `${opened.file}: ${faults.length} tensors do not fit the model (${some}); give the encoder and the vocabulary of this checkpoint`,
  );
}

/** Two vocabularies of one size would load without a word and mean nothing. */
function checkVocabulary(path: string, { tokens }: WordPiece): void {
  const folder = dirname(path), found = ["tokenizer.json", "vocab.txt"].find((name) => existsSync(`${folder}/${name}`));
  if (!found) return;
  const own = openWordPiece(`${folder}/${found}`).tokens, at = own.findIndex((token, i) => token !== tokens[i]);
  if (at < 0 && own.length === tokens.length) return;
  const differs = at < 0
    ? `${own.length} tokens there, ${tokens.length} here`
    : `number ${at} is ${JSON.stringify(own[at])} there, ${JSON.stringify(tokens[at])} here`;
  throw new CheckpointError(`${folder}/${found}: is another vocabulary than the recipe's (${differs}); give vocabulary.from ${folder}`);
}
