import { Buffer } from "node:buffer";
import { BusyError } from "../../errors.ts";
import {
  checkFingerprint,
  checkId,
  checkItems,
  checkK,
  checkLimit,
  checkName,
  checkSame,
  checkSpec,
  checkVector,
  missingCollection,
  missingItem,
  type Row,
} from "../check.ts";
import { readFilter } from "../filter.ts";
import type { Collection, CollectionSpec, Entry, Hit, Item, ItemInput, Metadata, Page, Query, Store } from "../store.ts";
import { type Client, connect, type RunQuery } from "./client.ts";
import { filterSql } from "./filter_sql.ts";
import { COLLECTION, type CollectionRow, createItems, createSchema, itemsOf, lockSchema, OPERATORS, translated } from "./schema.ts";

export interface PostgresOptions {
  /**
   * Whether collections created here get an HNSW index (the default; up to 2000 dimensions) and searches use it: fast, but a few per cent of
   * the nearest are missed. Without, a search is an exact scan.
   */
  indexed?: boolean;
}

interface EntryRow {
  id: string;
  metadata: Metadata;
  name: string | null;
}

type ItemRow = EntryRow & { vector: string; thumbnail: string | null };

const ITEM = "id, metadata, name, vector::text AS vector, encode(thumbnail, 'base64') AS thumbnail";
const ROWS_A_STATEMENT = 500;

/** Collections in Postgres with pgvector; a table each. Any number of processes may use one database. */
export class PostgresStore implements Store {
  #closed = false;

  private constructor(readonly client: Client, readonly indexed: boolean) {}

  /** Opens the store in a database, at an address or through a client, and creates its tables if there are none. */
  static async open(to: string | Client, { indexed = true }: PostgresOptions = {}): Promise<PostgresStore> {
    const client = typeof to === "string" ? await connect(to) : to;
    try {
      await translated(client.where, () => createSchema(client));
      return new PostgresStore(client, indexed);
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  get description(): string {
    return `Postgres, ${this.client.where}`;
  }

  createCollection(name: string, spec: CollectionSpec): Promise<Collection> {
    return this.#transaction(async (query) => {
      checkName(name);
      checkSpec(name, spec);
      await lockSchema(query);
      const found = await find(query, name);
      if (found) {
        checkSame(found, spec);
        return toCollection(found);
      }
      const [row] = await query<CollectionRow>(
        `INSERT INTO zellige_collections (name, dimensions, metric, fingerprint, created) VALUES ($1, $2, $3, $4, $5) RETURNING ${COLLECTION}`,
        [name, spec.dimensions, spec.metric, spec.fingerprint, new Date().toISOString()],
      );
      await createItems(query, row, this.indexed);
      return toCollection(row);
    });
  }

  collections(): Promise<Collection[]> {
    return this.#do(async (query) =>
      (await query<CollectionRow>(`SELECT ${COLLECTION} FROM zellige_collections ORDER BY name`)).map(toCollection)
    );
  }

  collection(name: string): Promise<Collection> {
    return this.#do(async (query) => toCollection(await read(query, name)));
  }

  deleteCollection(name: string): Promise<void> {
    return this.#transaction(async (query) => {
      const row = await read(query, name, "FOR UPDATE");
      await query("DELETE FROM zellige_collections WHERE key = $1", [row.key]);
      await query(`DROP TABLE ${itemsOf(row)}`);
    });
  }

  put(name: string, fingerprint: string, items: readonly ItemInput[]): Promise<{ added: number; replaced: number }> {
    return this.#transaction(async (query) => {
      await query("SET LOCAL synchronous_commit = on"); // acknowledged is written, whatever the server's setting
      const row = await read(query, name, "FOR UPDATE");
      checkFingerprint(row, fingerprint);
      const rows = checkItems(row, items);
      let added = 0;
      for (let from = 0; from < rows.length; from += ROWS_A_STATEMENT) {
        const written = await query<{ added: boolean }>(
          `INSERT INTO ${itemsOf(row)} (id, metadata, name, vector, thumbnail)
           SELECT id, metadata, name, vector::vector, decode(thumbnail, 'base64')
           FROM jsonb_to_recordset($1::text::jsonb) AS new (id text, metadata jsonb, name text, vector text, thumbnail text)
           ON CONFLICT (id) DO UPDATE SET metadata = EXCLUDED.metadata, name = EXCLUDED.name, vector = EXCLUDED.vector, thumbnail = EXCLUDED.thumbnail
           RETURNING (xmax = 0) AS added`,
          [`[${rows.slice(from, from + ROWS_A_STATEMENT).map(toJson).join()}]`],
        );
        added += written.filter((one) => one.added).length;
      }
      await query("UPDATE zellige_collections SET count = count + $1 WHERE key = $2", [added, row.key]);
      return { added, replaced: rows.length - added };
    });
  }

  get(name: string, id: string): Promise<Item> {
    return this.#do(async (query) => await readItem(query, await read(query, name), id));
  }

  delete(name: string, ids: readonly string[]): Promise<number> {
    return this.#transaction(async (query) => {
      checkName(name);
      for (const id of ids) checkId(name, id);
      const row = await read(query, name, "FOR UPDATE");
      const gone = await query(
        `DELETE FROM ${itemsOf(row)} WHERE id IN (SELECT jsonb_array_elements_text($1::text::jsonb)) RETURNING 1`,
        [JSON.stringify(ids)],
      );
      await query("UPDATE zellige_collections SET count = count - $1 WHERE key = $2", [gone.length, row.key]);
      return gone.length;
    });
  }

  list(name: string, { after, limit = 100, filter }: { after?: string; limit?: number; filter?: Query["filter"] } = {}): Promise<Page> {
    return this.#do(async (query) => {
      const row = await read(query, name);
      if (after !== undefined) checkId(name, after);
      checkLimit(name, limit);
      const values: (string | number | null)[] = [after ?? "", limit + 1];
      const where = filter === undefined ? "TRUE" : filterSql(readFilter(filter), values);
      const rows = await query<EntryRow>(
        `SELECT id, metadata, name FROM ${itemsOf(row)} WHERE id > $1 AND ${where} ORDER BY id LIMIT $2`,
        values,
      );
      const entries = rows.slice(0, limit).map(toEntry);
      return rows.length > limit ? { entries, next: entries.at(-1)!.id } : { entries };
    });
  }

  search(name: string, { query: wanted, k, filter }: Query): Promise<Hit[]> {
    return this.#transaction(async (query) => {
      const row = await read(query, name), { distance, score } = OPERATORS[row.metric];
      checkK(name, k);
      const condition = filter === undefined ? undefined : readFilter(filter);
      let vector: Float32Array, self: string | null = null;
      if ("id" in wanted) {
        ({ vector, id: self } = await readItem(query, row, wanted.id));
      } else {
        checkFingerprint(row, wanted.fingerprint);
        vector = checkVector(row, "the query", wanted.vector);
      }
      const values: (string | number | null)[] = [toText(vector), k, self],
        order = `vector ${distance} $1::text::vector${this.indexed ? "" : ", key"}`;
      const where = condition ? filterSql(condition, values) : "TRUE";
      // An index is scanned on until k rows fit the filter, in the order of their distances.
      await query("SET LOCAL hnsw.iterative_scan = strict_order");
      await query("SELECT set_config('hnsw.ef_search', $1, TRUE)", [String(Math.min(1000, Math.max(100, 2 * k)))]);
      const hits = await query<EntryRow & { key: number; distance: number }>(
        `SELECT key::float8 AS key, id, metadata, name, vector ${distance} $1::text::vector AS distance FROM ${itemsOf(row)}
         WHERE ($3::text IS NULL OR id <> $3) AND ${where} ORDER BY ${order} LIMIT $2`,
        values,
      );
      hits.sort((a, b) => a.distance - b.distance || a.key - b.key);
      return hits.map((hit) => ({ ...toEntry(hit), score: score(hit.distance) }));
    });
  }

  async *export(name: string): AsyncIterableIterator<Item> {
    let after: string | undefined = "";
    while (after !== undefined) {
      const rows: ItemRow[] = await this.#do(async (query) => {
        const table = itemsOf(await read(query, name));
        return await query<ItemRow>(`SELECT ${ITEM} FROM ${table} WHERE id > $1 ORDER BY id LIMIT ${ROWS_A_STATEMENT}`, [after!]);
      });
      yield* rows.map(toItem);
      after = rows.length === ROWS_A_STATEMENT ? rows.at(-1)!.id : undefined;
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.client.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #do<T>(work: (query: RunQuery) => Promise<T>): Promise<T> {
    return translated(this.client.where, () => {
      this.#checkOpen();
      return work(this.client.query);
    });
  }

  #transaction<T>(work: (query: RunQuery) => Promise<T>): Promise<T> {
    return translated(this.client.where, () => {
      this.#checkOpen();
      return this.client.transaction(work);
    });
  }

  #checkOpen(): void {
    if (this.#closed) throw new BusyError(`${this.client.where}: the store is closed; open it again`);
  }
}

async function find(query: RunQuery, name: string, lock = ""): Promise<CollectionRow | undefined> {
  checkName(name);
  return (await query<CollectionRow>(`SELECT ${COLLECTION} FROM zellige_collections WHERE name = $1 ${lock}`, [name]))[0];
}

async function read(query: RunQuery, name: string, lock?: string): Promise<CollectionRow> {
  const row = await find(query, name, lock);
  if (!row) throw missingCollection(name);
  return row;
}

async function readItem(query: RunQuery, row: CollectionRow, id: string): Promise<Item> {
  checkId(row.name, id);
  const [item] = await query<ItemRow>(`SELECT ${ITEM} FROM ${itemsOf(row)} WHERE id = $1`, [id]);
  if (!item) throw missingItem(row.name, id);
  return toItem(item);
}

/** pgvector's text; it reads and prints single precision without loss. */
function toText(vector: Float32Array): string {
  return `[${Array.from(vector, (value) => Object.is(value, -0) ? "-0" : value)}]`;
}

function toJson({ id, metadata, name, vector, thumbnail }: Row): string {
  const rest = JSON.stringify({ id, name, vector: toText(vector), thumbnail: thumbnail && Buffer.from(thumbnail).toString("base64") });
  return `${rest.slice(0, -1)},"metadata":${metadata}}`;
}

function toCollection({ name, dimensions, metric, fingerprint, created, count }: CollectionRow): Collection {
  return { name, dimensions, metric, fingerprint, created, count };
}

function toEntry({ id, metadata, name }: EntryRow): Entry {
  return { id, metadata, ...name !== null && { name } };
}

function toItem(row: ItemRow): Item {
  const thumbnail = row.thumbnail === null ? undefined : Uint8Array.from(Buffer.from(row.thumbnail, "base64"));
  return { ...toEntry(row), vector: Float32Array.from(JSON.parse(row.vector) as number[]), ...thumbnail && { thumbnail } };
}
