// Postgres with pgvector inside the process, as a Client.
import { PGlite, type Transaction } from "npm:@electric-sql/pglite@0.5.14";
import { vector } from "npm:@electric-sql/pglite-pgvector@0.0.15";
import type { Client, RunQuery } from "./client.ts";

/** A client of a fresh database in memory. */
export async function pglite(): Promise<Client> {
  const database = await PGlite.create({ extensions: { vector } });
  const via = (to: PGlite | Transaction): RunQuery => async <Row>(text: string, values: readonly (string | number | null)[] = []) =>
    (await to.query<Row>(text, [...values])).rows;
  return {
    where: "PGlite",
    query: via(database),
    transaction: (work) => database.transaction((transaction) => work(via(transaction))),
    close: () => database.close(),
  };
}

/** A client that shares another's database and does not close it. */
export const sharing = (client: Client): Client => ({ ...client, close: () => Promise.resolve() });

/** A client whose plans use an index wherever one fits; on a few rows the planner would rather scan. */
export const preferringIndexes = (client: Client): Client => ({
  ...sharing(client),
  transaction: (work) =>
    client.transaction(async (query) => {
      await query("SET LOCAL enable_seqscan = off");
      return await work(query);
    }),
});
