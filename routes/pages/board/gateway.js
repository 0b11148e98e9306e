// The gateway's API, as one signed-in user.
import { language, t } from "./text.js";

const kept = "cannahub-token"; // in sessionStorage: a reload stays signed in, a closed window does not

// Refusal is an answer of the gateway that is not what was asked for.
export class Refusal extends Error {
  constructor(status, problem = {}) {
    super(problem.detail ?? problem.message ?? problem.title ?? t("failed", { status }));
    this.status = status;
    this.code = problem.code;
    this.requestId = problem.requestId;
  }

  // undecided says that what was asked for may have been done, or may be tried again as it is.
  get undecided() {
    return this.status === 0 || this.status === 429 || this.status >= 500 || this.code === "IDEMPOTENCY_IN_PROGRESS";
  }
}

const ended = "signed-out"; // the event that says that the token is no good any more

// whenSignedOut is told when Medusa does not take the token any more.
export const whenSignedOut = (tell) => document.addEventListener(ended, tell);

export const signedIn = () => sessionStorage.getItem(kept) !== null;
export const signOut = () => sessionStorage.removeItem(kept);

// actor is who is signed in.
export const actor = () => claims(sessionStorage.getItem(kept) ?? "").actor_id;

// signIn exchanges an e-mail address and a password for a token of Medusa's.
export async function signIn(email, password) {
  const answer = await call("POST", "auth/user/emailpass", { body: { email, password }, anonymous: true }).catch((refusal) => {
    throw refusal.status === 401 ? new Refusal(401, { detail: t("signInRefused") }) : refusal;
  });
  if (!claims(answer.token ?? "").actor_id) throw new Refusal(401, { detail: t("signInMore") });
  sessionStorage.setItem(kept, answer.token);
}

function claims(token) {
  try {
    return JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return {};
  }
}

export const get = (path) => call("GET", path);

// change sends a batch of edits. The same key with the same edits makes them once, however often they are sent. What has
// another status but a result for each edit is an answer too.
export const change = (batch, key) => call("POST", "api/inventory/batch-update", { body: batch, key, answers: [200, 207, 422] });

// open begins a request whose answer streams in.
export async function open(path, headers, signal) {
  const response = await fetch(path, { headers: { ...credentials(), ...headers }, signal, cache: "no-store" });
  if (response.status === 401) document.dispatchEvent(new Event(ended));
  if (!response.ok) throw await refusalOf(response);
  return response.body;
}

// newKey is an Idempotency-Key. (crypto.randomUUID is missing where the board is opened without TLS.)
export function newKey() {
  return `board-${[...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

function credentials() {
  return { "Accept-Language": language, Authorization: `Bearer ${sessionStorage.getItem(kept)}` };
}

async function call(method, path, { body, key, answers = [], anonymous } = {}) {
  const headers = credentials();
  if (anonymous) delete headers.Authorization;
  if (body) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  let response;
  try {
    response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
    const isProblem = (response.headers.get("Content-Type") ?? "").startsWith("application/problem+json");
    if (response.ok || (answers.includes(response.status) && !isProblem)) return await response.json();
  } catch {
    throw new Refusal(0, { detail: t("unreachable") });
  }
  if (response.status === 401 && !anonymous) document.dispatchEvent(new Event(ended));
  throw await refusalOf(response);
}

async function refusalOf(response) {
  return new Refusal(response.status, await response.json().catch(() => ({})));
}
