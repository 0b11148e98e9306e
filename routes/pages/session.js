// Who is signed in, the same on every page in this tab, and how the gateway is asked.
import { language, t } from "./text.js";

const kept = "cannahub-token"; // in sessionStorage: a reload stays signed in, a closed tab does not

// Refusal is an answer of the gateway that is not what was asked for; its status is 0 where none came.
export class Refusal extends Error {
  constructor(status, problem = {}, retryAfter = null) {
    super(problem.detail ?? problem.message ?? problem.title ?? t("failed", { status }));
    this.status = status;
    this.retryAfter = retryAfter;
    this.code = problem.code;
    this.requestId = problem.requestId;
  }

  // isLost says that it can never be known whether what was asked for was done.
  get isLost() {
    return this.code === "OUTCOME_UNKNOWN" && this.retryAfter === null;
  }

  // undecided says that what was asked for may have been done, or may be tried again as it is.
  get undecided() {
    if (this.isLost) return false;
    return this.status === 0 || this.status === 429 || this.status >= 500 || this.code === "IDEMPOTENCY_IN_PROGRESS";
  }
}

const ended = "signed-out"; // the event that says that the token is no good any more

// whenSignedOut is told when Medusa does not take the token any more, which endSession says.
export const whenSignedOut = (tell) => document.addEventListener(ended, tell);
export const endSession = () => document.dispatchEvent(new Event(ended));

// A page that the browser kept in memory and brings back shows, and knows, who was signed in then.
window.addEventListener("pageshow", ({ persisted }) => persisted && location.reload());

export const token = () => sessionStorage.getItem(kept);
export const signedIn = () => token() !== null;
export const signOut = () => sessionStorage.removeItem(kept);

// actor is the id of who is signed in, address the e-mail address, for which Medusa is asked.
export const actor = () => claims(token()).actor_id;
export const address = () => ask("admin/users/me").then(({ user }) => user.email);

// signIn exchanges an e-mail address and a password for a token of Medusa's.
export async function signIn(email, password) {
  const answer = await ask("auth/user/emailpass", { body: { email, password }, credentials: {} }).catch((refusal) => {
    throw refusal.status === 401 ? new Refusal(401, { detail: t("signInRefused") }) : refusal;
  });
  if (!claims(answer.token).actor_id) throw new Refusal(401, { detail: t("signInMore") });
  sessionStorage.setItem(kept, answer.token);
}

// signInWith takes a token that somebody has already.
export async function signInWith(token) {
  await admit(bearer(token));
  if (!claims(token).actor_id) throw new Refusal(401, { detail: t("signInMore") });
  sessionStorage.setItem(kept, token);
}

// admit asks whether the gateway knows credentials; those that it knows may be allowed other things than this.
export async function admit(credentials) {
  await ask("api/locations?limit=1", { credentials }).catch((refusal) => {
    if (refusal.status !== 403) throw refusal;
  });
}

function claims(token) {
  try {
    return JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return {};
  }
}

const bearer = (token) => ({ Authorization: `Bearer ${token}` });

// ask sends a question, a POST where it has a body, and returns what the answer says; see request.
export async function ask(path, options) {
  const response = await request(path, options);
  return response.json().catch(() => {
    throw new Refusal(0, { detail: t("unreachable") });
  });
}

// request sends a question and returns the answer. It carries who is signed in, unless it has credentials of its own. Other
// statuses than 2xx that are answers, too, are named; all the rest are refusals.
export async function request(path, { body, headers, credentials, answers = [], ...options } = {}) {
  const carried = credentials ? null : token();
  const response = await fetch(path, {
    method: body ? "POST" : "GET",
    headers: {
      "Accept-Language": language,
      ...(body && { "Content-Type": "application/json" }),
      ...(credentials ?? bearer(carried)),
      ...headers,
    },
    body: body && JSON.stringify(body),
    ...options,
  }).catch(() => {
    throw new Refusal(0, { detail: t("unreachable") });
  });
  const isProblem = response.headers.get("Content-Type")?.startsWith("application/problem+json");
  if (response.ok || (answers.includes(response.status) && !isProblem)) return response;
  if (response.status === 401 && carried && carried === token()) endSession(); // not of who has signed in anew meanwhile
  throw new Refusal(response.status, await response.json().catch(() => ({})), response.headers.get("Retry-After"));
}
