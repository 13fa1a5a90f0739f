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

/** What is normal of a run and what is not, from its folder's files. */
export function findingsOf({ metrics, evaluation, recipe }: Pick<ReportInputs, "metrics" | "evaluation" | "recipe">): Finding[] {
  const { clip, steps } = (recipe as { pretrain?: { clip?: unknown; steps?: unknown } } | null)?.pretrain ?? {};
  const number = (value: unknown) => typeof value === "number" ? value : undefined;
  return isThisNormal(factsOf(metrics, evaluation, { clip: number(clip), steps: number(steps) }));
}

export function findings(inputs: ReportInputs): string {
  const found = findingsOf(inputs);
  return found.length ? findingsList(found) : "";
}
