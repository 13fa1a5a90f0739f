// A Gaussian VAE: what its objective does to the latents, in words and as the curve of their standard deviation.

import { escape, shortNumber, table } from "../html.ts";
import type { ReportInputs } from "../inputs.ts";
import { lineChart } from "../line_chart.ts";
import { seriesOf } from "./curves.ts";

type Result = NonNullable<ReportInputs["evaluation"]["vae"]>[number];

export function gaussianVae({ metrics, evaluation: { vae: results } }: ReportInputs): string {
  if (!results?.length) return "";
  const curves = results.map(({ objective }) => ({
    name: objective,
    points: seriesOf(metrics.filter(({ job }) => job === `vae-${objective}`), "train", "sigma"),
  }));
  const says = results.map((result, i) => `<li><b>${result.objective}</b>: ${escape(inWords(result, curves[i].points[0]?.[1]))}</li>`);
  const columns = ["loss", "reconstruction", "kl", "sigma", "onePicture"] as const;
  return `<ul>${says.join("\n")}</ul>` +
    lineChart({ title: "sigma, mean over pictures and latents", x: "step", series: curves.filter(({ points }) => points.length) }) +
    table(
      "A held-out picture, summed over its pixels; loss is reconstruction + divergence, whichever part of it was minimised",
      ["objective", "loss", "reconstruction", "divergence", "sigma", "one picture for all"],
      results.map((result) => [result.objective, ...columns.map((name) => shortNumber(result[name]))]),
    );
}

/** Below this mean sigma the draws of z hardly differ from their mean. */
const collapsed = 0.05;

function inWords({ objective, reconstruction, kl, loss, sigma, onePicture }: Result, before?: number): string {
  const n = shortNumber, from = before === undefined ? "" : ` from ${n(before)}`;
  if (objective === "elbo") {
    return `the whole bound. A picture costs ${n(loss)}: ${n(reconstruction)} to draw it again and ${
      n(kl)
    } for its z; one picture for all ` +
      `would cost ${n(onePicture)}. Sigma ends at ${
        n(sigma)
      }: a picture's z is a cloud, the clouds together fill N(0, I), and so draws of ` +
      "it and the way between two pictures decode to pictures.";
  }
  if (objective === "prior") {
    const blind = reconstruction > 0.97 * onePicture;
    return `z drawn from N(0, I) without a look at the picture. The reconstruction costs ${n(reconstruction)}, one picture for all ` +
      `${n(onePicture)}: ` +
      (blind
        ? "this does not train. Every z must explain every picture, so that the decoder ignores z and draws the mean picture."
        : "z says nothing about the picture, so that with more updates it comes to the mean picture's.");
  }
  return `the bound without its divergence. Sigma went${from} to ${n(sigma)}: ` +
    (sigma < collapsed
      ? "the variance has collapsed, since nothing rewards a cloud, and an autoencoder is left. "
      : "nothing holds the variance up, and with more updates it goes on towards zero, where an autoencoder is left. ") +
    `A picture costs ${n(reconstruction)} to draw again, but its z costs ${
      n(kl)
    } under N(0, I): draws of N(0, I) fall where no picture is, ` +
    "and decode to none.";
}
