// The texts of a recipe: read, parted in those to train on and those held out, and tokenised with the recipe's vocabulary.

import { draws } from "../../data/random.ts";
import { type LabelledText, readTexts, type Texts } from "../../data/text/sources/mod.ts";
import { type TextSet, tokenise } from "../../data/text/text_set.ts";
import { trainWordPiece } from "../../data/text/train_word_piece.ts";
import { openWordPiece, type WordPiece } from "../../data/text/word_piece.ts";
import { DataError, RecipeError } from "../../errors.ts";
import { labelledShare } from "../../evaluate/splits.ts";
import type { TextRecipe } from "./recipe.ts";

export interface Parts {
  train: { set: TextSet };
  heldOut: { set: TextSet };
}

export interface TextTrainingData {
  wordPiece: WordPiece;
  /** What is pre-trained on: windows of every text but the held-out ones. */
  train: Parts["train"];
  heldOut: Parts["heldOut"];
  /** What is fine-tuned on; absent where the recipe has no labelled texts. */
  labelled?: Parts;
  /** Names of the classes, by label. */
  classes?: string[];
}

/** Opens the texts of a recipe; which are held out is a function of the seed. @throws DataError, RecipeError */
export function openTextData({ data, vocabulary, seed }: Pick<TextRecipe, "data" | "vocabulary" | "seed">): TextTrainingData {
  const free = data.texts.map((source) => readTexts(source)), labelled = data.labelled && readTexts(data.labelled);
  if (labelled && !labelled.classes) {
    throw new RecipeError(`data.labelled: ${labelled.name} has no classes; say where they are, or give it as data.texts`);
  }
  const given = data.heldOut && readTexts({ ...data.heldOut, classes: labelled?.classes });
  const [labelledTrain, labelledHeld] = labelled && !given ? parted(labelled, data.heldBack, data.measured, seed) : [labelled, given];
  const whole: Texts = {
    name: [...free, ...labelled ? [labelled] : []].map(({ name }) => name).join(", "),
    texts: [...free, ...labelledTrain ? [labelledTrain] : []].flatMap(({ texts }) => texts).map((text) => ({ ...text, label: -1 })),
  };
  const [train, heldOut] = parted(whole, data.heldBack, data.measured, seed);

  const wordPiece = vocabulary.from === "train"
    ? trainWordPiece(texts(train), { size: vocabulary.size, lowercase: vocabulary.lowercase })
    : openWordPiece(vocabulary.from);
  const windows = (part: Texts) => ({ set: tokenise(part, wordPiece, { length: data.length, long: "windows", empty: "skip" }) });
  const cut = (part: Texts) => ({ set: tokenise(part, wordPiece, { length: data.length, long: data.long }) });
  return {
    wordPiece,
    train: windows(train),
    heldOut: windows(heldOut),
    ...labelled && { labelled: { train: cut(labelledTrain!), heldOut: cut(labelledHeld!) }, classes: labelled.classes },
  };
}

/** What is left to train on, and what is held out: a share, of which `measured` are looked at. */
function parted(whole: Texts, heldBack: number, measured: number, seed: number): [Texts, Texts] {
  const { texts } = whole, count = Math.max(1, Math.round(heldBack * texts.length));
  if (count >= texts.length) throw new DataError(`${whole.name}: has ${texts.length} texts, too few to hold any back; give more`);
  const order = draws({ seed, epoch: 0, index: 0 }, "held out").permutation(texts.length);
  const pick = (from: number, to: number): LabelledText[] => Array.from(order.slice(from, to).sort(), (i) => texts[i]);
  return [{ ...whole, texts: pick(count, texts.length) }, { ...whole, texts: pick(0, Math.min(count, measured)) }];
}

const texts = ({ texts }: Texts): string[] => texts.map(({ text }) => text);

/** A share of labelled texts, class by class and at least one of each; a larger share of the same seed contains a smaller one. */
export function shareOf(set: TextSet, share: number, seed: number): TextSet {
  return share === 1 ? set : set.subset(labelledShare(set.labels, Array.from(set.labels, (_, i) => i), share, seed));
}
