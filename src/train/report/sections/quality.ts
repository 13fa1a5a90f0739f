import { escape, percent, table } from "../html.ts";
import type { ReportInputs } from "../inputs.ts";

const spread = ({ mean, std }: { mean: number; std: number }) => `${percent(mean)} ± ${(100 * std).toFixed(1)}`;
const place = ({ block, pool }: { block: number; pool: string }) => `${block}, ${pool.replace("-", " ")}`;

export function blocks({ evaluation: { blocks: found } }: ReportInputs): string {
  if (!found) return "";
  const { validation, chosen, lastClassToken, pictures, k } = found, hasProbe = validation.some(({ probe }) => probe !== undefined);
  const hasRaw = chosen.rawKnn !== undefined, shown = (value?: number) => value === undefined ? "" : percent(value);
  const numbers = ({ knn, rawKnn, shrinkage, probe }: typeof chosen) => [
    percent(knn),
    ...hasRaw ? [shrinkage === 1 ? "centred only" : `shrinkage ${shrinkage}`, shown(rawKnn)] : [],
    ...hasProbe ? [shown(probe)] : [],
  ];
  const head = [
    "block and pooling",
    `kNN (k = ${k})`,
    ...hasRaw ? ["whitening", "kNN without it"] : [],
    ...hasProbe ? ["linear probe"] : [],
  ];
  const isChosen = (i: number) => validation[i].block === chosen.block && validation[i].pool === chosen.pool;
  const tests = [["chosen: " + place(chosen), ...numbers(chosen)]];
  if (lastClassToken) tests.push(["last block's class token", ...numbers(lastClassToken)]);
  return "<p>Block 0 is the embeddings. Block, pooling and whitening are chosen on pictures to learn from and validation pictures, each by " +
    "its neighbours among all the others, and reported on test pictures, which took part in no choice. The last block's class token is " +
    "whitened by the same rule.</p>" +
    table(`On ${pictures.test} test pictures`, head, tests, (i) => i === 0) +
    table(
      `On ${pictures.train} pictures to learn from and ${pictures.validation} validation pictures (linear probe: learned from the former, measured on the latter)`,
      head,
      validation.map((row) => [place(row), ...numbers(row)]),
      isChosen,
    );
}

export function qualityCard({ evaluation: { qualityCard: card } }: ReportInputs): string {
  if (!card) return "";
  const { pictures, classes, seeds, k, chance, rows, verdicts } = card;
  return `<ul>${verdicts.map((verdict) => `<li>${escape(verdict)}</li>`).join("")}</ul>` +
    table(
      `${pictures} pictures of ${classes} classes, ${seeds.length} splits; mean and spread; chance is ${percent(chance)}`,
      ["features", "size", `kNN (k = ${k})`, "nearest is of the class", "mean average precision"],
      rows.map((
        { name, dim, knn, recall1, meanAveragePrecision },
      ) => [name, String(dim), spread(knn), spread(recall1), spread(meanAveragePrecision)]),
      (i) => rows[i].kind === "embedder",
    );
}
