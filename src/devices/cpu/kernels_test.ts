import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { expect, test } from "bun:test";
import { DeviceError, LimitError } from "../../errors.ts";
import { CpuKernels } from "./kernels.ts";
import { noise, put } from "./testing.ts";

test("allocate() gives zeroed blocks on cache lines, and joins freed neighbours", async () => {
  const kernels = await CpuKernels.open({ threads: 1 });
  const [a, b, c] = [100, 64, 1].map((bytes) => kernels.allocate(bytes));
  expect([a, b, c].map((pointer) => pointer % 64)).toEqual([0, 0, 0]);
  kernels.u8(a, 192).fill(7);
  kernels.free(a);
  kernels.free(b);
  const again = kernels.allocate(192); // fits only where both were
  expect(again).toBe(a);
  expect(kernels.u8(again, 192).every((byte) => byte === 0)).toBe(true);
  expect(kernels.usedBytes).toBe(192 + 64);
  expect(() => kernels.free(b)).toThrow(LimitError);
  kernels.close();
});

test("allocate() says what does not fit and how much there is", async () => {
  const kernels = await CpuKernels.open({ threads: 1 });
  kernels.allocate(640);
  expect(() => kernels.allocate(2 ** 32)).toThrow(
    new LimitError("CPU memory: 4294967296 bytes do not fit, 640 are in use and WASM addresses 4294967296; use a smaller batch or model"),
  );
  expect(kernels.allocate(64)).toBeGreaterThan(0);
  kernels.close();
});

test("views of shared memory stay valid when it grows; blocks beyond 2 GiB work", async () => {
  const kernels = await CpuKernels.open({ threads: 2 });
  const x = put(kernels, [1, 2, 3, 4]), view = kernels.f32(x, 4);
  kernels.allocate(2.5 * 2 ** 30); // never touched, so it takes no storage
  const b = put(kernels, [1, 10, 100, 1000]), c = kernels.allocate(4);
  expect(c).toBeGreaterThan(2 ** 31);
  view[3] = 5;
  kernels.gemm({ M: 1, N: 1, K: 4, a: x, b, c });
  expect(kernels.f32(c, 1)[0]).toBe(5321);
  kernels.close();
});

test("unshared memory gives the same results after it has grown", async () => {
  const kernels = await CpuKernels.open({ shared: false });
  expect(kernels.threads).toBe(1);
  const x = put(kernels, [1, 2, 3, 4]), c = kernels.allocate(4);
  kernels.allocate(1 << 26);
  kernels.gemm({ M: 1, N: 1, K: 4, a: x, b: x, c });
  expect(kernels.f32(c, 1)[0]).toBe(30);
  kernels.close();
});

test("helpers that went to sleep between jobs take part again, thousands of times", async () => {
  const kernels = await CpuKernels.open({ threads: 3 });
  const M = 24, N = 64, K = 32, size = M * N;
  const a = put(kernels, noise(M * K, 1)), b = put(kernels, noise(N * K, 2)), c = kernels.allocate(4 * size);
  kernels.gemm({ M, N, K, a, b, c });
  const first = kernels.f32(c, size).slice();
  for (let i = 0; i < 3000; i++) {
    kernels.f32(c, size).fill(0);
    kernels.gemm({ M, N, K, a, b, c });
    if (i % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(kernels.f32(c, size)[size - 1]).toBe(first[size - 1]);
  }
  expect(kernels.f32(c, size).every((value, i) => value === first[i])).toBe(true);
  kernels.close();
});

test("open() and close() a hundred times leave no memory behind", async () => {
  const cycles = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const kernels = await CpuKernels.open({ threads: 2 });
      const x = put(kernels, noise(1 << 18)), c = kernels.allocate(4);
      kernels.gemm({ M: 1, N: 1, K: 1 << 18, a: x, b: x, c });
      expect(kernels.f32(c, 1)[0]).toBeGreaterThan(8e4); // the mean of squares is 1/3
      kernels.close();
    }
  };
  await cycles(10);
  const before = process.memoryUsage().rss;
  await cycles(90); // each has 1 MB of numbers, and an engine that keeps them all would keep the threads, too
  expect(process.memoryUsage().rss - before).toBeLessThan(6e7);
}, 60_000);

test("a process that closes its kernels ends by itself, with no permission at all", () => {
  const script = `
    import { CpuKernels } from "${new URL("./kernels.ts", import.meta.url).pathname}";
    const kernels = await CpuKernels.open({ threads: 3 }), x = kernels.allocate(4);
    kernels.gemm({ M: 1, N: 1, K: 1, a: x, b: x, c: x });
    kernels.close();
    console.log("closed");`;
  const file = join(mkdtempSync(join(tmpdir(), "zellige-")), "close.ts");
  writeFileSync(file, script);
  const args = "Deno" in globalThis ? ["run", "--no-prompt", file] : [file];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 20_000 });
  rmSync(dirname(file), { recursive: true });
  expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: "closed\n" });
}, 30_000);

test("closed kernels and impossible numbers of threads say so", async () => {
  const kernels = await CpuKernels.open({ threads: 1 });
  kernels.close();
  kernels.close();
  expect(() => kernels.allocate(4)).toThrow(new DeviceError("CPU: the kernels are closed; open them again"));
  await expect(CpuKernels.open({ threads: 0 })).rejects.toThrow(DeviceError);
});
