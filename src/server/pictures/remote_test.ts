import { expect, test } from "bun:test";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fetchPicture, isPublic, type RemoteOptions } from "./remote.ts";

const failure = (promise: Promise<unknown>): Promise<Error> => promise.then(() => new Error("it did not fail"), (error) => error);

test("isPublic() takes no address of a private, local or reserved range, in whatever form", () => {
  const inside = [
    ...["127.0.0.1", "127.255.1.2", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1"],
    ...["255.255.255.255", "198.18.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1", "fd12:3456::1", "::ffff:127.0.0.1"],
    ...["::ffff:a9fe:a9fe", "ff02::1", "2001:db8::1", "64:ff9b::7f00:1", "2002:7f00:1::", "not an address", ""],
  ];
  for (const address of inside) expect(isPublic(address), address).toBe(false);
  for (const address of ["93.184.216.34", "1.1.1.1", "2606:2800:220:1:248:1893:25c8:1946"]) expect(isPublic(address), address).toBe(true);
});

test("fetchPicture() refuses every way to an address inside before it connects", async () => {
  let asked = 0;
  const lookup = (host: string) => (asked++, Promise.resolve(host === "mixed.example" ? ["93.184.216.34", "10.0.0.1"] : ["127.0.0.1"]));
  const refused = [
    ...["http://127.0.0.1/", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/", "http://[::1]/", "http://0/"],
    ...["http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://169.254.169.254/latest/meta-data/", "http://localhost/"],
    ...[
      "http://localhost./",
      "http://inside.example/",
      "http://mixed.example/",
      "http://user:word@1.1.1.1/",
      "https://10.1.1.1/",
      "http://①②⑦.⓪.⓪.①/",
    ],
  ];
  for (const url of refused) {
    const error = await failure(fetchPicture(url, "input", { hosts: ["*"], maxBytes: 100, lookup }));
    expect([error.name, url]).toEqual(["ForbiddenError", url]);
  }
  for (const url of ["file:///etc/passwd", "gopher://a/", "javascript:1", "http://", "nothing"]) {
    expect((await failure(fetchPicture(url, "input", { hosts: ["*"], maxBytes: 100, lookup }))).name, url).toBe("DataError");
  }
  expect(asked).toBe(4); // the four names; an address is never looked up
});

test("fetchPicture() asks none but the hosts that are allowed, and none by default", async () => {
  const lookup = () => Promise.resolve(["93.184.216.34"]);
  const ask = (hosts: string[]) => failure(fetchPicture("http://other.example/", "input", { hosts, maxBytes: 100, lookup }));
  expect((await ask([])).message).toMatch(/not fetched by address here/);
  expect((await ask(["good.example"])).message).toMatch(/other\.example is not among the hosts/);
});

test("fetchPicture() connects to the address that was checked, checks every redirect, and stops at the limits", async () => {
  const server = createServer((request, response) => {
    const path = request.url!;
    if (path === "/picture") return void response.end("bytes");
    if (path === "/inside") return void response.writeHead(302, { location: "http://10.0.0.1/secret" }).end();
    if (path === "/there") return void response.writeHead(302, { location: "/picture" }).end();
    if (path === "/loop") return void response.writeHead(302, { location: "/loop" }).end();
    if (path === "/large") return void response.end(new Uint8Array(1000));
    if (path === "/slow") return void response.write("x");
    response.writeHead(404).end();
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  let lookups = 0;
  const options: RemoteOptions = {
    hosts: ["pictures.example", "10.0.0.1"],
    maxBytes: 500,
    // The second answer would be another address: a name that changes between check and connection.
    lookup: () => Promise.resolve([lookups++ === 0 ? "127.0.0.1" : "10.9.9.9"]),
    allowed: (address) => address === "127.0.0.1",
  };
  const ask = (path: string, more: Partial<RemoteOptions> = {}) => {
    lookups = 0;
    return fetchPicture(`http://pictures.example:${port}${path}`, "input", { ...options, ...more });
  };
  try {
    expect(new TextDecoder().decode(await ask("/picture"))).toBe("bytes");
    expect(lookups).toBe(1);
    expect((await failure(ask("/there"))).message).toMatch(/10\.9\.9\.9, which is not on the public internet/);
    const steady = { lookup: () => Promise.resolve(["127.0.0.1"]) };
    expect(new TextDecoder().decode(await ask("/there", steady))).toBe("bytes");
    expect((await failure(ask("/inside", steady))).message).toMatch(/10\.0\.0\.1 is 10\.0\.0\.1, which is not/);
    expect((await failure(ask("/loop", steady))).message).toMatch(/more than 3 redirects/);
    expect((await failure(ask("/large", steady))).name).toBe("TooLargeError");
    expect((await failure(ask("/none", steady))).message).toMatch(/status 404/);
    expect((await failure(ask("/slow", { ...steady, timeout: 200 }))).name).toBe("DataError");
    const left = new AbortController();
    setTimeout(() => left.abort(), 50);
    expect((await failure(ask("/slow", { ...steady, signal: left.signal }))).name).toBe("DataError");
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
