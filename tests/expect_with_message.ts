// `expect(value, message)` as in Bun: npm expect takes no message. A failing matcher's error starts with the message.
import { type Expect as JestExpect, expect as jestExpect } from "npm:expect@30.5.2";

/** The matchers of npm expect; a second argument says what was compared. */
export type Expect = JestExpect & (<T = unknown>(actual: T, message?: string) => ReturnType<typeof jestExpect<T>>);

export const expect: Expect = Object.assign(
  <T>(actual: T, message?: string) => message === undefined ? jestExpect(actual) : withMessage(jestExpect(actual), message),
  jestExpect,
);

function withMessage<M extends object>(matchers: M, message: string): M {
  const explain = (error: unknown): never => {
    throw error instanceof Error ? new Error(`${message}\n\n${error.message}`) : error;
  };
  return new Proxy(matchers, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      if (typeof value === "object" && value !== null) return withMessage(value, message); // not, resolves, rejects
      if (typeof value !== "function") return value;
      return (...expected: unknown[]) => {
        try {
          const result: unknown = value(...expected);
          return result instanceof Promise ? result.catch(explain) : result;
        } catch (error) {
          explain(error);
        }
      };
    },
  });
}
