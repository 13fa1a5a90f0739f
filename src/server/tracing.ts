/** Runs work inside a span of that name. */
export type Tracing = <T>(name: string, work: () => Promise<T>) => Promise<T>;

export const noTracing: Tracing = (_, work) => work();

/** Spans through the process's global OpenTelemetry provider, which the runtime (OTEL_DENO=true) or a preloaded SDK sets. */
export async function openTracing(): Promise<Tracing> {
  const { SpanStatusCode, trace } = await import("npm:@opentelemetry/api@1.10.0");
  const tracer = trace.getTracer("zellige");
  return (name, work) =>
    tracer.startActiveSpan(name, async (span) => {
      try {
        return await work();
      } catch (error) {
        span.recordException(error as Error);
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    });
}
