/** Runs one statement with values for $1, $2, ...; text, numbers and null only, so that no driver's conversions matter. */
export type RunQuery = <Row>(text: string, values?: readonly (string | number | null)[]) => Promise<Row[]>;

/** What the store needs of a Postgres driver. */
export interface Client {
  /** Where it is connected to, without the password. */
  readonly where: string;
  query: RunQuery;
  /** Commits when `work` resolves and rolls back when it rejects. */
  transaction<T>(work: (query: RunQuery) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Connects to `postgres://user:password@host:port/database` with up to four connections, opened when they are needed. */
export async function connect(url: string): Promise<Client> {
  const { default: postgres } = await import("npm:postgres@3.4.9");
  const sql = postgres(url, { max: 4, connect_timeout: 10, onnotice: () => {} });
  const via =
    (connection: Pick<typeof sql, "unsafe">): RunQuery => async <Row>(text: string, values: readonly (string | number | null)[] = []) =>
      Array.from(await connection.unsafe(text, [...values], { prepare: values.length > 0 })) as Row[];
  const { host, pathname } = new URL(url);
  return {
    where: `${host}${pathname}`,
    query: via(sql),
    transaction: <T>(work: (query: RunQuery) => Promise<T>) => sql.begin((transaction) => work(via(transaction))) as Promise<T>,
    close: () => sql.end({ timeout: 5 }),
  };
}
