// `bun:test` for Deno: the import map of deno.json points the name here. Only what the tests of this repository use, with Bun's meaning.
// Names of nested blocks are joined with " > ", as Bun prints them. A test is one flat Deno.test, so that filters, JUnit records and
// counts agree with Bun's; the scopes therefore run their hooks themselves.
import { expect } from "./expect_with_message.ts";
export { expect };

type Body = () => unknown;
type Hook = () => unknown;
/** Milliseconds, or Bun's options object. */
type Timeout = number | { timeout?: number };
type Values<Row> = Row extends readonly unknown[] ? Row : [Row];

class Scope {
  readonly beforeAll: Hook[] = [];
  readonly afterAll: Hook[] = [];
  readonly beforeEach: Hook[] = [];
  readonly afterEach: Hook[] = [];
  /** Tests of this scope and the scopes in it that have not ended. */
  pending = 0;
  #opened?: Promise<void>;

  constructor(readonly name: string, readonly skipped: boolean, readonly parent?: Scope) {}

  get lineage(): Scope[] {
    return [...this.parent?.lineage ?? [], this];
  }

  /** Runs beforeAll once; when it fails, every test of the scope fails with its error. */
  open(): Promise<void> {
    return this.#opened ??= runInTurn(this.beforeAll);
  }

  async close(): Promise<void> {
    if (!this.#opened) return;
    this.#opened = undefined;
    await runInTurn(this.afterAll);
  }
}

const root = new Scope("", false);
let current = root;
let started = false;
let defaultTimeout = 120_000;

async function runInTurn(hooks: Hook[]): Promise<void> {
  for (const hook of hooks) await hook();
}

/** Runs every step even if one fails, then throws the first error: a failing test must not keep its scope from being torn down. */
async function runAll(steps: Hook[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length) throw errors[0];
}

function register(name: string, body: Body, ignore: boolean, timeout?: Timeout): void {
  if (started) throw new Error(`test("${name}"): registered while a test runs; register tests while the file loads`);
  const scopes = current.lineage, inward = scopes.toReversed();
  ignore ||= current.skipped;
  if (!ignore) { for (const scope of scopes) scope.pending++; }

  const fn = async () => {
    started = true;
    const prepareAndTest = async () => {
      expect.extractExpectedAssertionsErrors(); // forgets the count of a test that failed before its own check below
      for (const scope of scopes) await scope.open();
      for (const scope of scopes) await runInTurn(scope.beforeEach);
      await body();
      const [unmet] = expect.extractExpectedAssertionsErrors(); // expect.assertions(n)
      if (unmet) throw unmet.error;
    };
    const afterEach = inward.map((scope) => () => runAll(scope.afterEach));
    const closings = inward.map((scope) => () => --scope.pending === 0 && scope !== root ? scope.close() : undefined);
    await runAll([prepareAndTest, ...afterEach, ...closings]);
  };
  const limit = (typeof timeout === "object" ? timeout.timeout : timeout) ?? defaultTimeout;
  const fullName = [...scopes.slice(1).map((scope) => scope.name), name].join(" > ");
  Deno.test({ name: fullName, fn, ignore, timeout: limit, sanitizeOps: false, sanitizeResources: false });
}

// The root scope ends with the file. A scope whose last test was filtered out is still open here.
const scopes: Scope[] = [root];
Deno.test.afterAll(() => runAll(scopes.toReversed().map((scope) => () => scope.close())));

const skip = (name: string, body: Body = () => {}, timeout?: Timeout): void => register(name, body, true, timeout);
const always = (name: string, body: Body, timeout?: Timeout): void => register(name, body, false, timeout);

/** Registers a test; the third argument is its time limit (120 s unless setDefaultTimeout says otherwise). */
export const test = Object.assign(always, {
  skip,
  skipIf: (condition: unknown): typeof always => condition ? skip : always,
  if: (condition: unknown): typeof always => condition ? always : skip,
  /** One test for each row; `%s %d %i %f %j %o %p %#` in the name stand for the row's values and its index. */
  each: <Row>(rows: readonly Row[]) => (name: string, body: (...values: Values<Row>) => unknown, timeout?: Timeout): void =>
    rows.forEach((row, index) => {
      const values = (Array.isArray(row) ? row : [row]) as Values<Row>;
      register(titleOf(name, values, index), () => body(...values), false, timeout);
    }),
});
export const it = test;

function titleOf(name: string, values: readonly unknown[], index: number): string {
  let next = 0;
  return name.replace(/%([sdifjop#%])/g, (_, kind) => {
    if (kind === "%") return "%";
    if (kind === "#") return String(index);
    const value = values[next++];
    return kind === "s" ? String(value) : kind === "d" || kind === "i" || kind === "f" ? String(Number(value)) : JSON.stringify(value);
  });
}

function block(name: string, body: () => void, skipped: boolean): void {
  const outer = current;
  current = new Scope(name, skipped || outer.skipped, outer);
  scopes.push(current);
  try {
    const result: unknown = body();
    if (result instanceof Promise) {
      throw new Error(`describe("${name}"): the block is asynchronous; make it synchronous and prepare in beforeAll`);
    }
  } finally {
    current = outer;
  }
}

const describeSkip = (name: string, body: () => void): void => block(name, body, true);
const describeAlways = (name: string, body: () => void): void => block(name, body, false);

/** Groups tests under a name; hooks inside belong to the group. */
export const describe = Object.assign(describeAlways, {
  skip: describeSkip,
  skipIf: (condition: unknown): typeof describeAlways => condition ? describeSkip : describeAlways,
  if: (condition: unknown): typeof describeAlways => condition ? describeAlways : describeSkip,
});

/** `bun:test` ends a hook after 5 seconds unless told otherwise; Deno waits. */
export const beforeAll = (hook: Hook, _timeout?: number): void => void current.beforeAll.push(hook);
/** See `beforeAll`. */
export const afterAll = (hook: Hook, _timeout?: number): void => void current.afterAll.push(hook);
export const beforeEach = (hook: Hook): void => void current.beforeEach.push(hook);
export const afterEach = (hook: Hook): void => void current.afterEach.push(hook);
/** Milliseconds that a test without its own limit may take, for the tests registered after this call. */
export const setDefaultTimeout = (milliseconds: number): void => void (defaultTimeout = milliseconds);
