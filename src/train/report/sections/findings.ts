import { factsOf } from "../facts.ts";
import { escape } from "../html.ts";
import type { ReportInputs } from "../inputs.ts";
import { type Finding, isThisNormal } from "../is_this_normal.ts";

/** Findings as a list; the live page shows the same. */
export function findingsList(findings: readonly Finding[]): string {
  const items = findings.map(({ what, verdict, says, advice }) =>
    `<li class="${verdict}"><b>${escape(what)}</b> <span class="verdict">(${verdict})</span><br>${escape(says)}` +
    `${advice ? `<br><strong>${escape(advice)}</strong>` : ""}</li>`
  );
  return `<ul class="findings">${items.join("\n")}</ul>`;
}

export function findings({ metrics, evaluation, recipe }: ReportInputs): string {
  const { clip, steps } = (recipe as { pretrain?: { clip?: unknown; steps?: unknown } } | null)?.pretrain ?? {};
  const number = (value: unknown) => typeof value === "number" ? value : undefined;
  const found = isThisNormal(factsOf(metrics, evaluation, { clip: number(clip), steps: number(steps) }));
  return found.length ? findingsList(found) : "";
}
