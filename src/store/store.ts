// What a store of vectors is. sqlite/ is the embedded default, postgres/ the one to grow into; both pass the tests of testing.ts.

import type { Filter } from "./filter.ts";

/** How two vectors are compared. A hit's score is the cosine, the dot product, or minus the Euclidean distance: larger is always nearer. */
export type Metric = "cosine" | "dot" | "euclidean";

/** What a collection is made for; it never changes. */
export interface CollectionSpec {
  /** Values a vector, 1 to 16000. */
  dimensions: number;
  metric: Metric;
  /** The fingerprint of the embedder whose vectors it holds (weights, block, pooling, whitening); vectors of any other are refused. */
  fingerprint: string;
}

/** A collection as a store lists it. */
export interface Collection extends CollectionSpec {
  name: string;
  /** Items in it. */
  count: number;
  /** When it was created, ISO 8601. */
  created: string;
}

/** A flat object of text, finite numbers, booleans and lists of text: what filters can ask for. At most 16 KiB as JSON. */
export type Metadata = Record<string, string | number | boolean | string[]>;

/** An item without its vector, as lists and hits show it. */
export interface Entry {
  id: string;
  metadata: Metadata;
  /** The picture's name, for people. */
  name?: string;
}

/** An item with all that was stored of it. */
export interface Item extends Entry {
  /** As it was added, in single precision. */
  vector: Float32Array<ArrayBuffer>;
  /** A small encoded picture of at most 256 KiB. */
  thumbnail?: Uint8Array<ArrayBuffer>;
}

export interface ItemInput {
  /** 1 to 128 of A-Z a-z 0-9 . _ -, beginning with a letter or digit. An item with this id is replaced whole. */
  id: string;
  vector: ArrayLike<number>;
  metadata?: Metadata;
  name?: string;
  thumbnail?: Uint8Array;
}

/** What is searched for, and among which items. */
export interface Query {
  /** A vector and the fingerprint of its embedder, or the id of an item, which is then not among the hits. */
  query: { vector: ArrayLike<number>; fingerprint: string } | { id: string };
  /** Hits wanted, 1 to 1000. */
  k: number;
  /** Only items whose metadata fits; see filter.ts. */
  filter?: Filter;
}

/** An item that was found, with its score: larger is nearer. */
export interface Hit extends Entry {
  score: number;
}

export interface Page {
  entries: Entry[];
  /** Pass as `after` for the next page; absent on the last. */
  next?: string;
}

/**
 * Collections of vectors. Every call checks its input and throws DataError (wrong values), LimitError (too large), StoreError with its reason
 * (missing, conflict, damaged, unavailable) or BusyError (locked by another process for seconds, or closed).
 */
export interface Store {
  /** The kind of store and where it is, for logs. */
  readonly description: string;

  /** Creates the collection, or finds it there with the same settings; StoreError "conflict" names both where they differ. */
  createCollection(name: string, spec: CollectionSpec): Promise<Collection>;
  /** All collections in the order of their names. */
  collections(): Promise<Collection[]>;
  collection(name: string): Promise<Collection>;
  /** Deletes the collection with its items. */
  deleteCollection(name: string): Promise<void>;

  /**
   * Adds items, or replaces those with the same id; the last of equal ids in one call counts. All of them are stored or none, and once the
   * promise has resolved they survive the death of the process and the loss of power.
   */
  put(name: string, fingerprint: string, items: readonly ItemInput[]): Promise<{ added: number; replaced: number }>;
  get(name: string, id: string): Promise<Item>;
  /** Deletes items; returns how many of the ids there were. */
  delete(name: string, ids: readonly string[]): Promise<number>;
  /** Entries in the order of their ids, `limit` (1 to 1000) a page. */
  list(name: string, options?: { after?: string; limit?: number; filter?: Filter }): Promise<Page>;

  /** The k nearest items, nearest first; equal scores in the order in which the items were added. */
  search(name: string, query: Query): Promise<Hit[]>;
  /** Every item in the order of its id. Items added or deleted meanwhile may be missing or present. */
  export(name: string): AsyncIterableIterator<Item>;

  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
