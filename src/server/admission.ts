import { FullError, TooLargeError, UnavailableError } from "./errors.ts";

/** Whether the server takes work, and how many pictures are in it. */
export class Admission {
  #inside = 0;
  #draining = false;
  #emptied?: () => void;

  constructor(readonly capacity: number) {}

  /** Pictures that were let in and are not answered yet. */
  get inside(): number {
    return this.#inside;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Refuses before a body is read where not even one picture would fit. @throws FullError, UnavailableError */
  checkRoom(): void {
    this.enter(1)();
  }

  /** @throws FullError where `pictures` more do not fit, UnavailableError while draining, TooLargeError where they never would. */
  enter(pictures: number): () => void {
    if (this.#draining) throw new UnavailableError("server: it is closing; ask another one, or again after its restart");
    if (pictures > this.capacity) {
      throw new TooLargeError(`request: ${pictures} pictures, the queue holds ${this.capacity}; send them in several requests`);
    }
    if (this.#inside + pictures > this.capacity) {
      throw new FullError(`queue: ${this.#inside} of ${this.capacity} pictures are in it, ${pictures} more do not fit; try again later`);
    }
    this.#inside += pictures;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#inside -= pictures;
      if (this.#inside === 0) this.#emptied?.();
    };
  }

  /** Refuses from now on; resolves when everything inside is answered. */
  drain(): Promise<void> {
    this.#draining = true;
    return this.#inside === 0 ? Promise.resolve() : new Promise((resolve) => this.#emptied = resolve);
  }
}
