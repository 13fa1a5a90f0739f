// Helper threads: web workers that sit in WASM and wait for jobs there.

import { DeviceError } from "../../errors.ts";

/** Runs in the worker. Only its text goes there, so that no file has to be found or read: it may use nothing from outside. */
function helper(): void {
  const scope = globalThis as unknown as { onmessage: (event: MessageEvent) => void; postMessage(message: string): void; close(): void };
  scope.onmessage = ({ data: { module, memory, thread } }) => {
    const { serve } = new WebAssembly.Instance(module, { env: { memory } }).exports as { serve(thread: number): void };
    scope.postMessage("ready");
    serve(thread);
    scope.close();
  };
}

/** Starts helpers 1..count on the module and shared memory; they wait for jobs when this resolves. */
export async function startHelpers(count: number, module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<Worker[]> {
  const url = URL.createObjectURL(new Blob([`(${helper})()`], { type: "text/javascript" }));
  const workers: Worker[] = [];
  try {
    const ready = Array.from({ length: count }, (_, i) =>
      new Promise<void>((resolve, reject) => {
        const worker = new Worker(url, { type: "module" });
        workers.push(worker);
        worker.onmessage = () => resolve();
        worker.onerror = (event) => {
          event.preventDefault();
          reject(new DeviceError(`CPU: thread ${i + 1} of ${count} does not start (${event.message}); open the device with one thread`));
        };
        worker.postMessage({ module, memory, thread: i + 1 });
      }));
    await Promise.all(ready);
  } catch (error) {
    for (const worker of workers) worker.terminate();
    throw error;
  } finally {
    URL.revokeObjectURL(url);
  }
  // Bun's workers need not keep the process alive; Deno has no such switch
  for (const worker of workers) (worker as { unref?: () => void }).unref?.();
  return workers;
}
