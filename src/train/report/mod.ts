import { renameSync, writeFileSync } from "node:fs";
import { readReportInputs } from "./inputs.ts";
import { reportPage } from "./page.ts";

export { factsOf } from "./facts.ts";
export { Evaluation, readEvaluation, readReportInputs, recordEvaluation, type ReportInputs } from "./inputs.ts";
export { type Finding, isThisNormal, published, type TrainingFacts, type Verdict } from "./is_this_normal.ts";
export { type LineChart, lineChart, type Series } from "./line_chart.ts";
export { reportPage } from "./page.ts";
export { findingsList, findingsOf } from "./sections/findings.ts";
export { jobCharts } from "./sections/curves.ts";
export { tokenColour, type TokenMap, tokenMap } from "./token_map.ts";

/** Makes report.html of a run's folder from its files, anew each time; gives its path. @throws CheckpointError for a damaged evaluation.json. */
export function writeReport(folder: string): string {
  const path = `${folder}/report.html`;
  writeFileSync(`${path}.tmp`, reportPage(readReportInputs(folder)));
  renameSync(`${path}.tmp`, path); // whoever looks at it sees a whole page
  return path;
}
