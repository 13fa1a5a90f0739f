import { BusyError, StoreError, ZelligeError } from "../../errors.ts";
import { type Driver, openDriver, type Statement, type Value } from "./driver.ts";

/** "Zlge", in the header of the file: whose database it is. */
const APPLICATION = 0x5a6c6765;
const VERSION = 1;

// items is narrow, so that a filter or a list reads no vector; keys are never used twice, so that a page by key misses nothing.
const SCHEMA = `
  CREATE TABLE collections (
    key INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, dimensions INTEGER NOT NULL, metric TEXT NOT NULL,
    fingerprint TEXT NOT NULL, created TEXT NOT NULL, count INTEGER NOT NULL DEFAULT 0, revision INTEGER NOT NULL DEFAULT 0
  );
  CREATE TABLE items (
    key INTEGER PRIMARY KEY AUTOINCREMENT, collection INTEGER NOT NULL REFERENCES collections ON DELETE CASCADE, id TEXT NOT NULL,
    metadata TEXT NOT NULL, name TEXT, UNIQUE (collection, id)
  );
  CREATE INDEX items_of_collection ON items (collection);
  CREATE TABLE vectors (key INTEGER PRIMARY KEY REFERENCES items ON DELETE CASCADE, vector BLOB NOT NULL);
  CREATE TABLE thumbnails (key INTEGER PRIMARY KEY REFERENCES items ON DELETE CASCADE, thumbnail BLOB NOT NULL);
  PRAGMA application_id = ${APPLICATION};
  PRAGMA user_version = ${VERSION};
`;

/** An open SQLite file: statements are kept, transactions are whole, SQLite's faults become the errors of a Store. */
export class Database {
  readonly #statements = new Map<string, Statement>();
  #driver?: Driver;

  private constructor(readonly path: string, driver: Driver) {
    this.#driver = driver;
  }

  /**
   * Opens or creates a file. Write-ahead log with synchronous = FULL: every commit is fsynced before it is acknowledged, so that it survives
   * the death of the process and the loss of power (NORMAL would survive only the former); fullfsync asks macOS for the same.
   */
  static async open(path: string): Promise<Database> {
    const database = await translated(path, async () => new Database(path, await openDriver(path)));
    try {
      database.exec("PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA page_size = 16384");
      database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON");
      database.#prepareSchema();
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  #prepareSchema(): void {
    const number = (pragma: string) => Object.values(this.get<Record<string, number>>(`PRAGMA ${pragma}`)!)[0];
    this.transaction(() => {
      const application = number("application_id"), version = number("user_version");
      const { tables } = this.get<{ tables: number }>("SELECT count(*) AS tables FROM sqlite_schema")!;
      if (!application && !tables) return this.exec(SCHEMA);
      if (application !== APPLICATION) {
        throw new StoreError("conflict", `${this.path}: is an SQLite database of another program; give another path`);
      }
      if (version !== VERSION) {
        throw new StoreError(
          "conflict",
          `${this.path}: has version ${version} of the store's tables, this program reads ${VERSION}; use its own`,
        );
      }
    });
    const [{ quick_check: fault }] = this.all<{ quick_check: string }>("PRAGMA quick_check(1)");
    if (fault !== "ok") throw damaged(this.path, fault.split("\n").at(-1)!);
  }

  run(sql: string, ...values: Value[]): { changes: number; key: number } {
    const { changes, lastInsertRowid } = translated(this.path, () => this.#statement(sql).run(...values));
    return { changes: Number(changes), key: Number(lastInsertRowid) };
  }

  get<T>(sql: string, ...values: Value[]): T | undefined {
    return translated(this.path, () => this.#statement(sql).get(...values) as T | null) ?? undefined;
  }

  all<T>(sql: string, ...values: Value[]): T[] {
    return translated(this.path, () => this.#statement(sql).all(...values) as T[]);
  }

  exec(sql: string): void {
    translated(this.path, () => this.#open.exec(sql));
  }

  /** Runs `work` whole or not at all; it must not wait for anything. */
  transaction<T>(work: () => T): T {
    this.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.exec("COMMIT");
      return result;
    } catch (error) {
      try {
        this.exec("ROLLBACK");
      } catch { /* SQLite has already rolled back, on a full disk for one; the first error is the one to report */ }
      throw error;
    }
  }

  close(): void {
    this.#forgetStatements();
    this.#driver?.close();
    this.#driver = undefined;
  }

  get #open(): Driver {
    if (!this.#driver) throw new BusyError(`${this.path}: the store is closed; open it again`);
    return this.#driver;
  }

  #statement(sql: string): Statement {
    const open = this.#open;
    let statement = this.#statements.get(sql);
    if (!statement) {
      if (this.#statements.size >= 100) this.#forgetStatements(); // filters make many texts
      this.#statements.set(sql, statement = open.prepare(sql));
    }
    return statement;
  }

  #forgetStatements(): void {
    for (const statement of this.#statements.values()) statement.finalize?.();
    this.#statements.clear();
  }
}

export function damaged(path: string, cause: string | Error): StoreError {
  const [words, options] = cause instanceof Error ? [cause.message, { cause }] : [cause];
  return new StoreError(
    "damaged",
    `${path}: the database is damaged (${words}); restore a copy, or move the file away to begin anew`,
    options,
  );
}

/** Runs `act` with SQLite's errors in the store's words; told by their texts, since the runtimes differ in codes. */
function translated<T>(path: string, act: () => T): T {
  const fail = (error: unknown): never => {
    if (!(error instanceof Error) || error instanceof ZelligeError) throw error;
    const has = (words: RegExp) => words.test(error.message), cause = { cause: error };
    if (has(/malformed|not a database|database corruption/)) throw damaged(path, error);
    if (has(/is locked/)) throw new BusyError(`${path}: another process holds the database for more than 5 s; try again`, cause);
    if (has(/disk is full/)) throw new StoreError("unavailable", `${path}: the disk is full; nothing of this call was stored`, cause);
    if (has(/unable to open|readonly|disk I\/O|not authorized|access/i)) {
      throw new StoreError(
        "unavailable",
        `${path}: cannot be read or written (${error.message}); check the path, its rights and the disk`,
        cause,
      );
    }
    throw error;
  };
  try {
    const result = act();
    return result instanceof Promise ? result.catch(fail) as T : result;
  } catch (error) {
    return fail(error);
  }
}
