// The report: one HTML page that needs nothing from outside, not even a script.

import { escape } from "./html.ts";
import type { ReportInputs } from "./inputs.ts";
import { scratchAgainstPretrained } from "./sections/arms.ts";
import { curves } from "./sections/curves.ts";
import { findings } from "./sections/findings.ts";
import { pictures } from "./sections/pictures.ts";
import { blocks, qualityCard } from "./sections/quality.ts";
import { codebook, tokens } from "./sections/tokens.ts";
import { gaussianVae } from "./sections/vae.ts";
import { style } from "./style.ts";

const sections: { id: string; title: string; make: (inputs: ReportInputs) => string }[] = [
  { id: "normal", title: "Is this normal?", make: findings },
  { id: "vae", title: "Gaussian VAE", make: gaussianVae },
  { id: "pictures", title: "Pictures", make: pictures },
  { id: "tokens", title: "Tokens", make: tokens },
  { id: "codebook", title: "Code usage", make: codebook },
  { id: "arms", title: "Scratch against pre-trained", make: scratchAgainstPretrained },
  { id: "blocks", title: "Which block", make: blocks },
  { id: "quality", title: "Quality card", make: qualityCard },
  { id: "curves", title: "Curves", make: curves },
  { id: "recipe", title: "Recipe", make: recipeSection },
];

/** The page of a run. Sections without anything to show are left out. */
export function reportPage(inputs: ReportInputs): string {
  const made = sections.map(({ make, ...section }) => ({ ...section, html: make(inputs) })).filter(({ html }) => html);
  const nav = made.map(({ id, title }) => `<li><a href="#${id}">${title}</a></li>`).join("");
  const body = made.map(({ id, title, html }) => `<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${html}</section>`);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${escape(inputs.name)}: Zellige report</title>
<style>${style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<header><h1>${escape(inputs.name)}</h1><p class="facts">${
    escape(summary(inputs))
  }</p><nav aria-label="Sections"><ul>${nav}</ul></nav></header>
<main id="main">
${body.join("\n") || "<p>The run has recorded nothing yet.</p>"}
</main>
</body>
</html>
`;
}

/** When, how long, how many updates, and how it ended. */
function summary({ metrics, recipe }: ReportInputs): string {
  const preset = (recipe as { preset?: unknown } | null)?.preset, parts = preset ? [`preset ${preset}`] : [];
  if (metrics.length) {
    const [first, last] = [metrics[0], metrics[metrics.length - 1]], seconds = Math.round((last.time - first.time) / 1000);
    parts.push(`${last.step} updates`, `from ${new Date(first.time).toISOString().slice(0, 19)}Z, ${inWords(seconds)}`);
    const event = metrics.findLast(({ event }) => event)?.event;
    if (event) parts.push(`last event: ${event}`);
  }
  return parts.join(" · ");
}

function inWords(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function recipeSection({ recipe }: ReportInputs): string {
  if (!recipe) return "";
  return `<details><summary>all settings</summary><pre tabindex="0">${escape(JSON.stringify(recipe, null, 2))}</pre></details>`;
}
