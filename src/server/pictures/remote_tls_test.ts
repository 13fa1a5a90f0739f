// Fetching over TLS by names: a server on this machine stands for the public internet, a hand-made resolver for the DNS.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { createServer as createPlain } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { fetchPicture, isPublic, type RemoteOptions } from "./remote.ts";
import { testCertificate, testKey } from "./testing_certificate.ts";

const failure = (promise: Promise<unknown>): Promise<Error> => promise.then(() => new Error("it did not fail"), (error) => error);

/** What the server saw of each request. */
const seen: { path: string; host?: string; servername: unknown }[] = [];
/** Connections to a port that nothing must ever ask. */
let inside = 0;

const server = createServer({ key: testKey, cert: testCertificate }, (request, response) => {
  const { url: path = "", headers: { host }, socket } = request, { port } = server.address() as AddressInfo;
  seen.push({ path, host, servername: (socket as unknown as { servername: unknown }).servername });
  const to = (location: string) => void response.writeHead(302, { location }).end();
  if (path === "/moved") return to(`https://moved.example:${port}/picture`);
  if (path === "/stranger") return to(`https://stranger.example:${port}/picture`);
  if (path === "/plain") return to(`http://moved.example:${(secret.address() as AddressInfo).port}/`);
  if (path === "/metadata") return to("http://169.254.169.254/latest/meta-data/");
  if (path === "/decimal") return to("https://2130706433/");
  response.end("bytes");
});
const secret = createPlain((_, response) => (inside++, response.end("secret")));

beforeAll(async () => {
  for (const one of [server, secret]) await new Promise<void>((ready) => one.listen(0, "127.0.0.1", ready));
});
afterAll(() => {
  for (const one of [server, secret]) (one.closeAllConnections(), one.close());
});

/** The one address that this test calls public beside those that are. */
const allowed = (address: string) => address === "127.0.0.1" || isPublic(address);
const options: RemoteOptions = { hosts: ["*"], maxBytes: 500, allowed, ca: testCertificate };

/** Asks under a name, with answers of the DNS one after the other; the last one stays. */
function ask(host: string, path: string, answers: string[][], more: Partial<RemoteOptions> = {}) {
  const asked: string[] = [];
  seen.length = 0;
  const lookup = (name: string) => (asked.push(name), Promise.resolve(answers[Math.min(asked.length, answers.length) - 1]));
  const { port } = server.address() as AddressInfo;
  return { asked, answer: fetchPicture(`https://${host}:${port}${path}`, "input", { ...options, lookup, ...more }) };
}

test("over TLS the connection goes to the address that was checked, under the name that was asked for", async () => {
  const { asked, answer } = ask("pictures.example", "/picture?size=1", [["127.0.0.1"], ["10.9.9.9"]]);
  expect(new TextDecoder().decode(await answer)).toBe("bytes");
  const { port } = server.address() as AddressInfo;
  // Resolved once: what a second answer would have said plays no part.
  expect([asked, seen]).toEqual([["pictures.example"], [{
    path: "/picture?size=1",
    host: `pictures.example:${port}`,
    servername: "pictures.example",
  }]]);
});

test("a redirect is resolved, checked and named anew", async () => {
  const { asked, answer } = ask("pictures.example", "/moved", [["127.0.0.1"]]);
  expect(new TextDecoder().decode(await answer)).toBe("bytes");
  expect([asked, seen.map(({ servername }) => servername)]).toEqual([["pictures.example", "moved.example"], [
    "pictures.example",
    "moved.example",
  ]]);
});

test("a certificate of another name, or of nobody who is trusted, is refused before anything is asked", async () => {
  const other = await failure(ask("other.example", "/picture", [["127.0.0.1"]]).answer);
  expect([other.name, other.message]).toEqual(["DataError", expect.stringMatching(/other\.example:\d+ cannot be asked/)]);
  const untrusted = await failure(ask("pictures.example", "/picture", [["127.0.0.1"]], { ca: undefined }).answer);
  expect([untrusted.name, untrusted.message]).toEqual(["DataError", expect.stringMatching(/cannot be asked \(.*self.signed/)]);
  expect((await failure(ask("pictures.example", "/stranger", [["127.0.0.1"]]).answer)).message).toMatch(/stranger\.example:\d+ cannot be/);
  expect(seen.map(({ path }) => path)).toEqual(["/stranger"]);
});

test("a name that resolves into a private range is refused, whatever the form of the address and however many public ones stand beside it", async () => {
  const ranges = [
    ...[
      "10.0.0.1",
      "172.31.255.1",
      "192.168.0.1",
      "169.254.169.254",
      "100.100.100.200",
      "0.0.0.0",
      "127.0.0.2",
      "::1",
      "fe80::1",
      "fd00::1",
    ],
    ...["::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "0:0:0:0:0:ffff:7f00:2", "64:ff9b::a00:1", "2002:a00:1::", "::127.0.0.2", "fe80::1%eth0"],
    ...["0177.0.0.2", "0x7f.0.0.2", "2130706434", "nonsense", ""],
  ];
  for (const address of ranges) {
    for (const addresses of [[address], ["93.184.216.34", address]]) {
      const error = await failure(ask("pictures.example", "/picture", [addresses]).answer);
      expect([addresses, error.name]).toEqual([addresses, "ForbiddenError"]);
    }
  }
  expect((await failure(ask("pictures.example", "/picture", [[]]).answer)).name).toBe("ForbiddenError");
  expect(seen).toEqual([]);
});

test("a name that is public when it is first asked for and private at the redirect is refused there", async () => {
  const { asked, answer } = ask("pictures.example", "/plain", [["127.0.0.1"], ["10.0.0.1"]]);
  const error = await failure(answer);
  expect([error.name, error.message]).toEqual(["ForbiddenError", expect.stringMatching(/moved\.example is 10\.0\.0\.1, which is not/)]);
  expect([asked, inside]).toEqual([["pictures.example", "moved.example"], 0]);
  for (const path of ["/metadata", "/decimal"]) {
    const strict = { allowed: (address: string) => address === "127.0.0.1" && seen.length === 0 }; // loopback only for the first hop
    expect([path, (await failure(ask("pictures.example", path, [["127.0.0.1"]], strict).answer)).name]).toEqual([path, "ForbiddenError"]);
  }
});

test("a redirect to a host that is not on the list is refused before it is looked up", async () => {
  const { asked, answer } = ask("pictures.example", "/moved", [["127.0.0.1"]], { hosts: ["pictures.example"] });
  expect((await failure(answer)).message).toMatch(/moved\.example is not among the hosts/);
  expect(asked).toEqual(["pictures.example"]);
});

test("a name that cannot be found is named", async () => {
  const lookup = () => Promise.reject(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }));
  const error = await failure(ask("pictures.example", "/picture", [], { lookup }).answer);
  expect([error.name, error.message]).toEqual(["DataError", "input: pictures.example cannot be found (ENOTFOUND); check the address"]);
});
