import { trace } from "npm:@opentelemetry/api@1.10.0";
import { expect, test } from "bun:test";
import { noTracing, openTracing } from "./tracing.ts";

test("openTracing() makes a span of all work, and records what fails", async () => {
  const spans: { name: string; ended: boolean; error?: string }[] = [];
  trace.setGlobalTracerProvider({
    getTracer: () => ({
      startActiveSpan(name: string, work: (span: unknown) => unknown) {
        const span = { name, ended: false, error: undefined as string | undefined };
        spans.push(span);
        const { ended: _, ...rest } = span;
        return work({
          ...rest,
          end: () => span.ended = true,
          recordException: (error: Error) => span.error = error.message,
          setStatus: () => {},
        });
      },
    }),
  } as never);
  try {
    const tracing = await openTracing();
    expect(await tracing("decode", () => Promise.resolve(7))).toBe(7);
    expect(await tracing("infer", () => Promise.reject(new Error("lost"))).catch((error) => error.message)).toBe("lost");
    expect(spans).toEqual([{ name: "decode", ended: true, error: undefined }, { name: "infer", ended: true, error: "lost" }]);
    expect(await noTracing("any", () => Promise.resolve(1))).toBe(1);
  } finally {
    trace.disable();
  }
});
