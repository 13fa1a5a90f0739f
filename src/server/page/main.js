import { ask, background } from "./api.js";
import { startTraining } from "./runs.js";
import { startSearch } from "./search.js";

const theme = document.querySelector("#theme");
theme.value = localStorage.getItem("theme") ?? "";
const applyTheme = () => {
  document.documentElement.dataset.theme = theme.value;
  localStorage.setItem("theme", theme.value);
};
/** What is drawn on a canvas has the colours of the theme in which it was drawn. */
const tellTheme = () => document.dispatchEvent(new Event("theme"));
theme.addEventListener("change", () => (applyTheme(), tellTheme()));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tellTheme);
applyTheme();

async function showModel() {
  const answer = await background(() => ask("v1/models"));
  const model = answer?.data?.[0];
  document.querySelector("#model").textContent = model
    ? `${model.id} from ${model.source}, on ${model.device}`
    : answer
    ? "No model is at work; start a run."
    : "";
}

/** After a token was given everything is asked for again. */
document.querySelector("#token").addEventListener("change", () => location.reload());

await showModel();
await Promise.all([startTraining(), startSearch()]);
