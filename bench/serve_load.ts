// The load of bench/serve.ts, a process of its own: deno run -A bench/serve_load.ts URL PICTURE CONCURRENCY REQUESTS prints a Load as JSON.

import { readFileSync } from "node:fs";
import process from "node:process";

export interface Load {
  concurrency: number;
  /** Answers by status; "none" for requests that got none. */
  statuses: Record<string, number>;
  /** Pictures that were embedded. */
  pictures: number;
  /** Of these, a second. */
  rate: number;
  /** Milliseconds of an answer, and of it beside decoding and inference. */
  p50: number;
  p99: number;
  added: number;
  /** Milliseconds on the processor of this process. */
  processor: number;
}

/** So many requests, so many at once; whoever is refused waits as long as the answer says. */
async function load(url: string, bytes: Uint8Array<ArrayBuffer>, concurrency: number, requests: number): Promise<Load> {
  const statuses: Record<string, number> = {}, whole: number[] = [], added: number[] = [];
  const count = (status: string | number) => statuses[status] = (statuses[status] ?? 0) + 1;
  let left = requests;
  const began = performance.now(), processor = process.cpuUsage();
  const client = async () => {
    while (left-- > 0) {
      const sent = performance.now();
      try {
        const response = await fetch(`${url}/v1/embeddings?encoding_format=base64`, {
          method: "POST",
          body: bytes,
          headers: { "content-type": "image/png" },
        });
        await response.arrayBuffer();
        count(response.status);
        const ms = performance.now() - sent, told = (name: string) => Number(response.headers.get(name));
        if (response.ok) {
          whole.push(ms);
          added.push(ms - told("x-inference-time") - told("x-decode-time"));
        } else await new Promise((resolve) => setTimeout(resolve, 1000 * Number(response.headers.get("retry-after") ?? 1)));
      } catch {
        count("none");
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, client));
  const { user, system } = process.cpuUsage(processor), seconds = (performance.now() - began) / 1000;
  const at = (list: number[], share: number) => list.sort((a, b) => a - b)[Math.floor(list.length * share)] ?? NaN;
  return {
    concurrency,
    statuses,
    pictures: whole.length,
    rate: whole.length / seconds,
    p50: at(whole, 0.5),
    p99: at(whole, 0.99),
    added: at(added, 0.5),
    processor: (user + system) / 1000,
  };
}

const [url, picture, concurrency, requests] = process.argv.slice(2);
if (import.meta.main) {
  console.log(JSON.stringify(await load(url, new Uint8Array(readFileSync(picture)), Number(concurrency), Number(requests))));
}
