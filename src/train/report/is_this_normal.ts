// "Is this normal?": what a masked image model's numbers mean, in sentences. Low token accuracy is the commonest false alarm of this
// field: many tokens fit a hidden patch, and the official run ends at about 5 %.

import { whatToDo } from "../../evaluate/codebook.ts";
import type { TokenBaselines } from "../../evaluate/token_statistics.ts";

/** Where a training stands; whatever is unknown is left out. */
export interface TrainingFacts {
  /** Updates done, and in all. */
  step?: number;
  steps?: number;
  /** Masked-token prediction, newest values: on held-out pictures where they exist. */
  loss?: number;
  tokenAccuracy?: number;
  /** V, and what counts as having learnt nothing; without them no loss can be judged. */
  baselines?: TokenBaselines;
  /** Loss of predicting every patch as its mean colour, where pixels are predicted instead of tokens. */
  flatLoss?: number;
  /** Held-out losses of this training in their order, the newest last. */
  heldOutLosses?: readonly number[];
  /** Global norm before clipping, and the limit. */
  gradNorm?: number;
  clip?: number;
  /** Codes that held-out pictures use, of all. */
  codes?: { used: number; all: number };
  /** Of the tokenizer's reconstructions of held-out pictures, in dB. */
  psnr?: number;
  /** Share of the time in which the device waited for data. */
  dataWait?: number;
}

/** "good" and "normal" need no action; "watch" may; "wrong" does. */
export type Verdict = "good" | "normal" | "watch" | "wrong";

/** What one number of a training means. */
export interface Finding {
  /** What was looked at: "token accuracy". */
  what: string;
  verdict: Verdict;
  /** What it means, with the numbers. */
  says: string;
  /** What to do, where something should be done. */
  advice?: string;
}

/** The official base model on ImageNet-1k after 300 epochs, from its author's log (microsoft/unilm issue 383). */
export const published = { vocab: 8192, epoch: 300, loss: 6.299, accuracy: 0.0496 } as const;

const percent = (value: number) => value === 0 ? "0 %" : `${(100 * value).toFixed(value < 0.001 ? 3 : value < 0.1 ? 2 : 1)} %`;
const nats = (value: number) => value.toFixed(2);

/**
 * Every fact in a sentence, the wrong ones first. An empty list where nothing is known yet.
 *
 * ```ts
 * import { tokenBaselines } from "../../evaluate/token_statistics.ts";
 * const even = new Float64Array(8192).fill(10), baselines = tokenBaselines(even, even);
 * const [loss, accuracy] = isThisNormal({ loss: 6.3, tokenAccuracy: 0.05, baselines, step: 9e4, steps: 1e5 });
 * console.assert(loss.verdict === "good" && accuracy.verdict === "good"); // 5 % looks low, and is what the official model reaches
 * ```
 */
export function isThisNormal(facts: TrainingFacts): Finding[] {
  const order: Verdict[] = ["wrong", "watch", "good", "normal"];
  return [lossFinding, accuracyFinding, overfitting, gradientFinding, codesFinding, reconstructionFinding, dataFinding]
    .flatMap((judge) => judge(facts) ?? [])
    .sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict));
}

/** Whether so little of the training is done that nothing can be expected; unknown counts as early only at the very start. */
const isEarly = ({ step = Infinity, steps }: TrainingFacts) => step < (steps ? 0.1 * steps : 1000);

function lossFinding(facts: TrainingFacts): Finding | undefined {
  const { loss, baselines } = facts, what = "loss";
  if (loss === undefined) return undefined;
  if (!Number.isFinite(loss)) {
    return {
      what,
      verdict: "wrong",
      says: `The loss is ${loss}.`,
      advice: "Resume from the last checkpoint with a smaller rate or stronger clipping.",
    };
  }
  if (facts.flatLoss !== undefined) return pixelFinding(loss, facts.flatLoss, isEarly(facts));
  if (!baselines) return undefined;
  const { vocab, chance, unigram } = baselines;
  const scale = `guessing evenly among ${vocab} tokens is ${nats(chance.loss)}, knowing only their frequencies is ${nats(unigram.loss)}`;
  if (loss > chance.loss * 1.02) {
    const says = `The loss of ${nats(loss)} is worse than chance: ${scale}.`;
    return isEarly(facts)
      ? { what, verdict: "watch", says, advice: "If it does not fall below chance soon, lower the rate or lengthen the warm-up." }
      : {
        what,
        verdict: "wrong",
        says,
        advice: "Lower the rate, lengthen the warm-up, and check that the tokens come from this tokenizer.",
      };
  }
  if (loss > unigram.loss - 0.02) {
    const says = `The loss of ${nats(loss)} says that the model knows at most how often each token occurs: ${scale}.`;
    return isEarly(facts) ? { what, verdict: "normal", says: `${says} Every run begins so.` } : {
      what,
      verdict: "watch",
      says,
      advice: "It should have fallen below by now: try a higher rate, more steps, or look at whether the tokens vary.",
    };
  }
  const share = (chance.loss - loss) / chance.loss, theirs = 1 - published.loss / Math.log(published.vocab);
  return {
    what,
    verdict: "good",
    says:
      `The loss of ${nats(loss)} is below both baselines: ${scale}. It has covered ${percent(share)} of the way from chance to 0; the ` +
      `official model covers ${percent(theirs)} in ${published.epoch} epochs (${nats(published.loss)} at ${published.vocab} tokens).`,
  };
}

function pixelFinding(loss: number, flat: number, early: boolean): Finding {
  const what = "loss", scale = `predicting each patch as its mean colour has ${nats(flat)}`;
  if (loss < flat * 0.98) {
    const says = `The squared error of ${nats(loss)} is below that of flat patches: ${scale}. Part of a hidden patch cannot be known.`;
    return { what, verdict: "good", says };
  }
  const says = `The squared error of ${nats(loss)} is no better than flat patches: ${scale}.`;
  return early
    ? { what, verdict: "normal", says: `${says} Every run begins so.` }
    : { what, verdict: "watch", says, advice: "It should have fallen below by now: try a higher rate or more steps." };
}

function accuracyFinding(facts: TrainingFacts): Finding | undefined {
  const { tokenAccuracy: accuracy, baselines } = facts, what = "token accuracy";
  if (accuracy === undefined || !baselines) return undefined;
  const { vocab, chance, unigram } = baselines;
  const scale = `chance is ${percent(chance.accuracy)}, always naming the commonest token is ${percent(unigram.accuracy)}`;
  const official = `The official model ends at ${percent(published.accuracy)} with ${published.vocab} tokens: a hidden patch has many ` +
    "plausible tokens, so a low number is normal and says little about the features.";
  if (accuracy > unigram.accuracy * 1.1 + 1e-4) {
    const times = (accuracy / chance.accuracy).toFixed(0);
    return { what, verdict: "good", says: `${percent(accuracy)} is above both baselines, ${times} times chance: ${scale}. ${official}` };
  }
  const says = `${percent(accuracy)} is not above what token frequencies alone give: ${scale}. ${official}`;
  return isEarly(facts) ? { what, verdict: "normal", says: `${says} It is early.` } : {
    what,
    verdict: "watch",
    says,
    advice: unigram.accuracy > 20 / vocab
      ? "One token is very common: look at the code usage, and train the tokenizer with more weight on even use."
      : "Train longer or with a higher rate; smaller pictures or larger patches leave less to infer from.",
  };
}

function overfitting({ heldOutLosses: losses = [] }: TrainingFacts): Finding | undefined {
  if (losses.length < 4) return undefined;
  const best = Math.min(...losses), last = losses[losses.length - 1];
  if (!(last > best * 1.03)) return undefined;
  return {
    what: "held-out loss",
    verdict: "watch",
    says: `The held-out loss was ${nats(best)} and has risen to ${nats(last)}: the model begins to learn single pictures by heart.`,
    advice: "Use more pictures, stronger crops or drop path, or stop at the best checkpoint.",
  };
}

function gradientFinding({ gradNorm, clip, baselines }: TrainingFacts): Finding | undefined {
  if (gradNorm === undefined) return undefined;
  const what = "gradient norm";
  if (!Number.isFinite(gradNorm)) return { what, verdict: "wrong", says: `The gradient norm is ${gradNorm}.`, advice: "Lower the rate." };
  if (clip && gradNorm > 10 * clip) {
    return {
      what,
      verdict: "watch",
      says: `The gradient norm of ${gradNorm.toPrecision(2)} is far above the limit of ${clip} that it is clipped to.`,
      advice: "If the loss jumps as well, lower the rate or lengthen the warm-up.",
    };
  }
  return {
    what,
    verdict: "normal",
    says: `${gradNorm.toPrecision(2)}${baselines ? `; the official run shows 0.42 at epoch ${published.epoch}` : ""}.`,
  };
}

function codesFinding({ codes }: TrainingFacts): Finding | undefined {
  if (!codes) return undefined;
  const what = "code usage",
    share = codes.used / codes.all,
    says = `Held-out pictures use ${codes.used} of ${codes.all} codes (${percent(share)}).`;
  if (share < 0.1) {
    return {
      what,
      verdict: "wrong",
      says: `The codebook has collapsed. ${says}`,
      advice: whatToDo,
    };
  }
  if (share < 0.5) return { what, verdict: "watch", says, advice: "Half of the vocabulary is idle: a smaller one would do the same." };
  return { what, verdict: share < 0.9 ? "normal" : "good", says };
}

/** One flat colour for pixels that vary by a quarter of their range, as those of photographs do, has a squared error of 1 / 16. */
const flatPsnr = 12;

function reconstructionFinding({ psnr }: TrainingFacts): Finding | undefined {
  if (psnr === undefined) return undefined;
  const what = "reconstructions", says = `The tokenizer reconstructs with ${psnr.toFixed(1)} dB; a flat colour has about ${flatPsnr} dB.`;
  return psnr < flatPsnr + 2
    ? {
      what,
      verdict: "watch",
      says,
      advice: "Its tokens hardly say what a picture shows: train it longer before the encoder that learns from them.",
    }
    : { what, verdict: "normal", says };
}

function dataFinding({ dataWait }: TrainingFacts): Finding | undefined {
  if (dataWait === undefined) return undefined;
  const what = "waiting for data", says = `The device waits for pictures ${(100 * dataWait).toFixed(1)} % of the time.`;
  return dataWait > 0.05
    ? { what, verdict: "watch", says, advice: "Use more data workers, or pictures that are smaller on disk." }
    : { what, verdict: "good", says };
}
