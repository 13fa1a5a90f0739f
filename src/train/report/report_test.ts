import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { main } from "../../cli/report.ts";
import { pictureKinds, readEvaluation, recordEvaluation } from "./inputs.ts";
import { readReportInputs, reportPage, writeReport } from "./mod.ts";
import { armOf, meanOf } from "./sections/arms.ts";
import { exampleRun } from "./testing.ts";

const folder = await exampleRun(), page = readFileSync(writeReport(folder), "utf8");
afterAll(() => rmSync(dirname(folder), { recursive: true }));

/** Tags that are opened and not closed, or the other way round. */
function unbalanced(html: string): string[] {
  const open: string[] = [], wrong: string[] = [], body = html.replace(/<style>[\s\S]*?<\/style>/, "");
  for (const [, end, name, , self] of body.matchAll(/<(\/?)([a-z][a-z0-9]*)((?:"[^"]*"|[^>"])*?)(\/?)>/gi)) {
    if (self || ["meta", "img", "br", "link"].includes(name)) continue;
    if (!end) open.push(name);
    else if (open.at(-1) === name) open.pop();
    else wrong.push(name);
  }
  return [...wrong, ...open];
}

test("the report has every section, and the menu leads to each", () => {
  const targets = [...page.matchAll(/href="#([\w-]+)"/g)].map(([, id]) => id);
  expect(targets).toEqual(["main", "normal", "pictures", "tokens", "codebook", "arms", "blocks", "quality", "curves", "recipe"]);
  for (const id of targets) expect(page.split(`id="${id}"`), id).toHaveLength(2);
});

test("the report is whole HTML, and nothing in it comes from outside or runs", () => {
  expect(unbalanced(page)).toEqual([]);
  expect(page).not.toMatch(/<script|https?:\/\/|\son\w+=|<link|@import|url\(/i);
  expect(page).toContain("default-src 'none'");
  expect(page).toContain("<title>mosaics &lt;1&gt;: Zellige report</title>");
});

test("every picture and chart has words for those who do not see it", () => {
  const images = [...page.matchAll(/<img [^>]*>/g)].map(([tag]) => tag),
    charts = [...page.matchAll(/<svg(?! class="key")[^>]*>/g)].map(([tag]) => tag);
  expect(images).toHaveLength(Object.keys(pictureKinds).length + 1);
  expect(charts.length).toBeGreaterThan(12);
  for (const tag of images) expect(tag).toMatch(/alt="[^"]+"/);
  for (const tag of charts) expect(tag).toMatch(/role="img" aria-label="[^"]+"/);
});

test("the pictures of the report are the files, byte for byte", () => {
  const [, data] = /src="data:image\/png;base64,([^"]+)"/.exec(page)!;
  expect(Uint8Array.from(atob(data), (c) => c.charCodeAt(0))).toEqual(new Uint8Array(readFileSync(`${folder}/pictures/inputs-1.png`)));
  expect(page).toContain("A picture &amp; its &lt;caption&gt;.");
});

test("what a curve is compared with is a line in its chart, and no chart of its own", () => {
  expect(page).toMatch(/aria-label="loss: training from [^"]*; chance 4\.16; unigram/);
  expect(page).not.toContain("<figcaption>chance");
});

test("the panel judges the run's own numbers", () => {
  expect(page).toMatch(/<li class="good"><b>token accuracy<\/b>.*12\.0 % is above both baselines/);
  expect(page).toMatch(/<b>code usage<\/b>/);
});

test("scratch and pre-trained stand side by side at each share of the labels", () => {
  for (const share of ["1 %", "10 %", "100 %"]) expect(page).toContain(`held-out accuracy, ${share} of the labels`);
  expect(page).toMatch(/<th scope="row">10 %<\/th><td>60\.5 % ± 0\.7<\/td><td>70\.5 % ± 0\.7<\/td><td>10\.0 points<\/td><td>2<\/td>/);
  expect(armOf("finetune-scratch-10pc-seed3")).toEqual({ arm: "scratch", labels: 0.1, seed: 3 });
  expect(armOf("pretrain")).toBeUndefined();
  expect(meanOf([[[0, 1], [1, 2], [2, 9]], [[0, 3], [1, 4]]])).toEqual([[0, 2], [1, 3]]); // only steps that both have
});

test("fine-tunings that were measured only at their end are compared by their training, and what was measured once is a table", () => {
  const line = (job: string, jobStep: number, more: object) =>
    ({ step: jobStep, stage: job.split("-")[0], job, jobStep, time: 0, ...more }) as never;
  const metrics = ["scratch", "pretrained"].flatMap((arm) =>
    [1, 2].map((at) => line(`finetune-${arm}-10pc-seed0`, at, { train: { loss: at }, ...at === 2 && { measured: { loss: 3, psnr: 9 } } }))
  ).concat(line("tokenizer", 5, { train: { loss: 1 }, measured: { psnr: 21.5 } }), line("tokenizer", 6, { train: { loss: 1 } }));
  const html = reportPage({ name: "n", recipe: null, metrics, evaluation: {}, pictures: [] });
  expect(html).toContain("<figcaption>training loss, 10 % of the labels");
  expect(html).toContain('<th scope="row">PSNR, dB</th><td>21.5</td>');
  expect(html).not.toContain("<figcaption>psnr");
});

test("the chosen block is marked, and stands beside the last class token on test pictures", () => {
  expect(page).toMatch(
    /<tr class="marked"><th scope="row">chosen: 3, mean<\/th><td>58\.0 %<\/td><td>shrinkage 0\.01<\/td><td>55\.0 %<\/td>/,
  );
  expect(page).toContain('<th scope="row">last block&#39;s class token</th><td>41.0 %</td><td>centred only</td>');
  expect(page).toMatch(/<tr class="marked"><th scope="row">3, mean<\/th>/);
});

test("a run that has hardly begun has a report all the same", () => {
  const empty = mkdtempSync(`${tmpdir()}/zellige-empty-`);
  try {
    expect(reportPage(readReportInputs(empty))).toContain("The run has recorded nothing yet.");
    writeFileSync(`${empty}/metrics.jsonl`, '{"step":0,"stage":"pretrain","job":"pretrain","jobStep":0,"time":0,"train":{"loss":null}}\n');
    expect(unbalanced(reportPage(readReportInputs(empty)))).toEqual([]);
  } finally {
    rmSync(empty, { recursive: true });
  }
});

test("recordEvaluation() keeps what other stages recorded, and refuses what is not of the schema", () => {
  const before = readEvaluation(folder);
  recordEvaluation(folder, { finetune: [], captions: { "masks-1.png": "new" } });
  expect(readEvaluation(folder)).toEqual({ ...before, finetune: [], captions: { ...before.captions, "masks-1.png": "new" } });
  recordEvaluation(folder, before);
  expect(() => recordEvaluation(folder, { codebok: {} } as never)).toThrow(/evaluation\.json: .*unknown key codebok/);
  expect(readEvaluation(folder)).toMatchObject(before);
});

test("deno task report says what is wrong with its arguments and with damaged files", async () => {
  const said: string[] = [], { error, log } = console;
  console.error = console.log = (text: string) => said.push(text);
  try {
    const codes: number[] = [];
    for (const args of [[], [`${folder}/pictures`], ["--nope"], [folder, "--tensorboard"], ["--help"]]) codes.push(await main(args));
    expect(codes).toEqual([2, 2, 2, 0, 0]);
    expect(said.some((line) => /events\.out\.tfevents\.\d+\.zellige$/.test(line))).toBe(true);
    const text = readFileSync(`${folder}/evaluation.json`, "utf8");
    writeFileSync(`${folder}/evaluation.json`, text.slice(0, 50));
    expect(await main([folder])).toBe(1);
    writeFileSync(`${folder}/evaluation.json`, text);
  } finally {
    Object.assign(console, { error, log });
  }
  expect(said[0]).toMatch(/0 runs are given, one is wanted/);
  expect(said[1]).toMatch(/holds neither recipe.json nor metrics.jsonl/);
  expect(said.at(-1)).toMatch(/report: .*evaluation\.json: is no JSON/);
});
