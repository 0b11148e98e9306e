import type { components } from "./schema.js";

export type Problem = components["schemas"]["Problem"];

/** What the gateway refused, and why: decide by `problem.code`. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.code}: ${problem.detail}`);
  }
}

/** The body of an answer of openapi-fetch; throws Refused where there is a problem instead. */
export async function answered<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (response.ok) return data as T;
  if (response.headers.get("content-type") === "application/problem+json") throw new Refused(error as Problem);
  throw new Error(`${response.status} ${response.statusText} from ${response.url}`);
}

/** The problem that a call is refused with; throws where it is not. */
export async function refused(call: Promise<unknown>): Promise<Problem> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Refused) return error.problem;
    throw error;
  }
  throw new Error("it should have been refused");
}
