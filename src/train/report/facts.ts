import type { TokenBaselines } from "../../evaluate/token_statistics.ts";
import type { MetricLine } from "../run/metrics.ts";
import type { Evaluation } from "./inputs.ts";
import type { TrainingFacts } from "./is_this_normal.ts";

/** What `isThisNormal()` judges, from a run's record and results; `clip` and `steps` are the recipe's. */
export function factsOf(
  metrics: readonly MetricLine[],
  { tokens, codebook }: Pick<Evaluation, "tokens" | "codebook"> = {},
  { clip, steps }: Pick<TrainingFacts, "clip" | "steps"> = {},
): TrainingFacts {
  const lines = metrics.filter(({ stage, train, measured }) => stage === "pretrain" && (train || measured));
  const newest = (pickFrom: (line: MetricLine) => number | undefined) => lines.map(pickFrom).filter((v) => v !== undefined).at(-1);
  const heldOutLosses = lines.map(({ measured }) => measured?.loss).filter((loss) => loss !== undefined);
  const used = codebook?.counts.filter((count) => count > 0).length;
  const facts: TrainingFacts = {
    step: lines.at(-1)?.jobStep,
    steps,
    loss: newest(({ measured }) => measured?.loss) ?? newest(({ train }) => train?.loss),
    tokenAccuracy: newest(({ measured }) => measured?.accuracy) ?? newest(({ train }) => train?.accuracy),
    baselines: tokens ?? measuredBaselines(lines),
    flatLoss: newest(({ measured }) => measured?.flatLoss),
    heldOutLosses,
    gradNorm: newest(({ train }) => train?.gradNorm),
    clip,
    codes: codebook && { used: used!, all: codebook.counts.length },
    psnr: codebook?.metrics.psnr,
    dataWait: newest(({ speed }) => speed?.dataWait),
  };
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

/** Pre-training measures what it is compared with, too: enough to judge a run that has no evaluation.json yet. */
function measuredBaselines(lines: readonly MetricLine[]): TokenBaselines | undefined {
  const { chance, chanceLoss, unigram, unigramLoss } = lines.findLast(({ measured }) => measured?.unigramLoss !== undefined)?.measured ??
    {};
  if (!(chance > 0)) return undefined;
  return {
    vocab: Math.round(1 / chance),
    chance: { accuracy: chance, loss: chanceLoss },
    unigram: { accuracy: unigram, loss: unigramLoss },
  };
}
