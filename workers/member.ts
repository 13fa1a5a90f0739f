// One worker of a pool: its start, its calls, its death.
//
// Comlink never settles a call whose worker died, and the runtimes do not always say that it did: an uncaught error is an event in both, an
// exit only in Bun, an endless loop or a full heap in neither. So every wait is raced with the events and with a deadline.
import { releaseProxy, type Remote, wrap } from "npm:comlink@4.4.2";

/** Why a worker is gone. Never leaves the pool. */
export class Death extends Error {
  /** Whether a deadline passed: the worker may still be running. */
  readonly late: boolean;

  constructor(reason: string, late: boolean) {
    super(reason);
    this.late = late;
  }
}

/** Longest time for a worker's module to load. */
const LOAD_MS = 60_000;
/** Longest wait for that before a worker is terminated all the same. */
const PATIENCE_MS = 5000;

export class Member<Api> {
  /** Settles when the worker can take calls: it has answered once and its set-up is done. */
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #api: Remote<Api>;
  readonly #answered: Promise<unknown>;
  /** Fails one wait each. Not a promise to race with: it would keep every result it was ever raced with as long as the worker lives. */
  readonly #waits = new Set<(death: Death) => void>();
  #death?: Death;

  constructor(worker: Worker, setup: (api: Remote<Api>) => Promise<unknown>, deadline: number) {
    this.#worker = worker;
    worker.addEventListener("error", (event) => {
      event.preventDefault(); // Deno would end the whole program
      this.#die(`stopped with an error: ${event.message}`);
    });
    worker.addEventListener("messageerror", () => this.#die("sent a message that cannot be read"));
    worker.addEventListener("close", () => this.#die("ended by itself"));
    this.#api = wrap<Api>(worker);
    // Any property will do: the answer "undefined" shows that the worker's module has run.
    this.#answered = this.#within(
      LOAD_MS,
      "gave no first answer",
      async () => await (this.#api as { started?: unknown }).started,
    );
    this.#answered.catch(() => {});
    this.ready = this.#answered.then(() => this.#within(deadline, "was not ready", () => setup(this.#api))).then(() => {});
    this.ready.catch(() => {});
  }

  /** Runs one call. Throws Death where the worker does not live to answer it within `deadline` milliseconds. */
  async call<T>(call: (api: Remote<Api>) => Promise<T>, deadline: number): Promise<T> {
    await this.ready;
    return await this.#within(deadline, "did not answer", () => call(this.#api));
  }

  /** Ends the worker, whatever it is doing; its open calls throw Death. */
  async terminate(reason: string): Promise<void> {
    this.#die(reason);
    // Bun crashes when a worker is terminated before it has answered once.
    let timer;
    await Promise.race([this.#answered.catch(() => {}), new Promise((resolve) => timer = setTimeout(resolve, PATIENCE_MS))]);
    clearTimeout(timer);
    this.#api[releaseProxy]();
    this.#worker.terminate();
  }

  #die(reason: string, late = false): void {
    this.#death ??= new Death(reason, late);
    for (const fail of this.#waits) fail(this.#death);
    this.#waits.clear();
  }

  #within<T>(deadline: number, complaint: string, task: () => Promise<T>): Promise<T> {
    if (this.#death) return Promise.reject(this.#death);
    return new Promise<T>((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      if (deadline !== Infinity) timer = setTimeout(() => this.#die(`${complaint} within ${deadline / 1000} s`, true), deadline);
      const done = () => {
        clearTimeout(timer);
        this.#waits.delete(fail);
      };
      const fail = (death: Death) => (done(), reject(death));
      this.#waits.add(fail);
      task().then((value) => (done(), resolve(value)), (error) => (done(), reject(error)));
    });
  }
}
