// Prometheus text of a fixed set of series. Labels take values from lists written here, so that no request can grow the set.

interface Metric {
  text(): string;
}

type Labels = Record<string, string>;

class Series<Value> {
  readonly values = new Map<string, Value>();
  readonly #labels: Record<string, readonly string[]>;

  /** `labels`: the values that each may take; any other counts as "other". */
  constructor(readonly name: string, readonly kind: string, readonly about: string, labels: Record<string, readonly string[]> = {}) {
    this.#labels = labels;
  }

  key(labels: Labels): string {
    return Object.entries(this.#labels).map(([name, allowed]) => `${name}="${allowed.includes(labels[name]) ? labels[name] : "other"}"`)
      .join(",");
  }

  text(lines: (key: string, value: Value) => string[]): string {
    const head = [`# HELP ${this.name} ${this.about}`, `# TYPE ${this.name} ${this.kind}`];
    return [...head, ...[...this.values].flatMap(([key, value]) => lines(key, value))].join("\n");
  }
}

const line = (name: string, key: string, value: number) => `${name}${key && `{${key}}`} ${value}`;

class Counter implements Metric {
  readonly #series: Series<number>;
  constructor(name: string, about: string, labels?: Record<string, readonly string[]>) {
    this.#series = new Series(name, "counter", about, labels);
  }
  add(labels: Labels = {}, amount = 1): void {
    const key = this.#series.key(labels);
    this.#series.values.set(key, (this.#series.values.get(key) ?? 0) + amount);
  }
  text = () => this.#series.text((key, value) => [line(this.#series.name, key, value)]);
}

class Histogram implements Metric {
  readonly #series: Series<{ counts: number[]; sum: number }>;
  readonly #bounds: readonly number[];
  constructor(name: string, about: string, bounds: readonly number[], labels?: Record<string, readonly string[]>) {
    this.#series = new Series(name, "histogram", about, labels);
    this.#bounds = bounds;
  }
  observe(value: number, labels: Labels = {}): void {
    const key = this.#series.key(labels);
    let found = this.#series.values.get(key);
    if (!found) this.#series.values.set(key, found = { counts: new Array(this.#bounds.length + 1).fill(0), sum: 0 });
    found.sum += value;
    const place = this.#bounds.findIndex((bound) => value <= bound);
    found.counts[place < 0 ? this.#bounds.length : place]++;
  }
  text = () =>
    this.#series.text((key, { counts, sum }) => {
      let total = 0;
      const buckets = counts.map((count, i) => {
        total += count;
        return line(`${this.#series.name}_bucket`, `${key && `${key},`}le="${this.#bounds[i] ?? "+Inf"}"`, total);
      });
      return [...buckets, line(`${this.#series.name}_sum`, key, sum), line(`${this.#series.name}_count`, key, total)];
    });
}

class Gauge implements Metric {
  constructor(readonly name: string, readonly about: string, readonly read: () => number) {}
  text = () => [`# HELP ${this.name} ${this.about}`, `# TYPE ${this.name} gauge`, line(this.name, "", this.read())].join("\n");
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];
const CLASSES = ["2xx", "3xx", "4xx", "5xx"];

/** The series of one server. `routes` are the paths as they are written in the OpenAPI document. */
export class Metrics {
  readonly requests: Counter;
  readonly requestSeconds: Histogram;
  readonly refused = new Counter("zellige_refused_total", "Requests that were refused for lack of room.", {
    reason: ["overloaded", "unavailable"],
  });
  readonly pictures = new Counter("zellige_pictures_total", "Pictures by what became of them.", { outcome: ["done", "failed", "left"] });
  readonly queueSeconds = new Histogram("zellige_queue_seconds", "Time of a picture between decoding and its batch.", SECONDS);
  readonly decodeSeconds = new Histogram("zellige_decode_seconds", "Time to fetch, decode and resize a picture.", SECONDS);
  readonly inferenceSeconds = new Histogram("zellige_inference_seconds", "Time of a batch on the device.", SECONDS);
  readonly batchPictures = new Histogram("zellige_batch_pictures", "Pictures in a batch.", [1, 2, 4, 8, 16, 32, 64]);
  readonly #gauges: Gauge[] = [];

  constructor(routes: readonly string[]) {
    const labels = { method: METHODS, route: routes, status: CLASSES };
    this.requests = new Counter("zellige_requests_total", "Requests that were answered.", labels);
    this.requestSeconds = new Histogram("zellige_request_seconds", "Time to answer a request.", SECONDS, { route: routes });
  }

  gauge(name: string, about: string, read: () => number): void {
    this.#gauges.push(new Gauge(name, about, read));
  }

  text(): string {
    const all: Metric[] = [this.requests, this.requestSeconds, this.refused, this.pictures, this.queueSeconds, this.decodeSeconds];
    return [...all, this.inferenceSeconds, this.batchPictures, ...this.#gauges].map((metric) => metric.text()).join("\n") + "\n";
  }
}
