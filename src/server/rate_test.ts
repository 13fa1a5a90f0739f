import { expect, test } from "bun:test";
import { createApp } from "./app.ts";
import { RateLimit } from "./rate.ts";
import { testEngine } from "./testing.ts";

test("a caller has its requests of a minute at once and then one by one; an IPv6 network is one caller", () => {
  const limit = new RateLimit(3), minute = 60_000;
  for (let i = 0; i < 3; i++) limit.take("10.0.0.1", 0);
  expect(() => limit.take("10.0.0.1", 1)).toThrow("rate: 3 requests a minute are taken from one address; ask again in 20 s");
  limit.take("10.0.0.2", 1);
  limit.take("10.0.0.1", minute / 3 + 1);
  expect(() => limit.take("::ffff:10.0.0.1", minute / 3 + 2)).toThrow("rate");
  for (let i = 0; i < 3; i++) limit.take(`2001:db8::${i}`, 0);
  expect(() => limit.take("2001:db8::9", 0)).toThrow("rate");
  limit.take("2001:db8:0:1::9", 0);
});

test("with the setting a caller that asks too often gets 429 with its own Retry-After, probes never do", async () => {
  const ask = async (app: ReturnType<typeof createApp>, path: string, remoteAddress: string) =>
    await app.fetch(new Request(`http://localhost${path}`), { incoming: { socket: { remoteAddress } } });
  const app = createApp({ engine: testEngine(), settings: { logLevel: "silent", rate: 2 } });
  const statuses = [];
  for (let i = 0; i < 3; i++) statuses.push((await ask(app, "/v1/models", "10.0.0.1")).status);
  expect(statuses).toEqual([200, 200, 429]);
  const refused = await ask(app, "/v1/models", "10.0.0.1");
  expect([refused.headers.get("retry-after"), (await refused.json()).error.type]).toEqual(["30", "overloaded"]);
  expect([(await ask(app, "/v1/models", "10.0.0.2")).status, (await ask(app, "/livez", "10.0.0.1")).status]).toEqual([200, 200]);
  const free = createApp({ engine: testEngine(), settings: { logLevel: "silent" } });
  for (let i = 0; i < 20; i++) expect((await ask(free, "/v1/models", "10.0.0.1")).status).toBe(200);
});
