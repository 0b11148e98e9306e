// What the board asks of the gateway that is more than a question.
import { ask, request } from "../session.js";

// change sends a batch of edits. The same key with the same edits makes them once, however often they are sent. What has
// another status but a result for each edit is an answer too.
export const change = (batch, key) =>
  ask("api/inventory/batch-update", { body: batch, headers: key && { "Idempotency-Key": key }, answers: [200, 207, 422] });

// open begins a request whose answer streams in.
export const open = (path, headers, signal) => request(path, { headers, signal, cache: "no-store" }).then(({ body }) => body);

// newKey is an Idempotency-Key. (crypto.randomUUID is missing where the board is opened without TLS.)
export function newKey() {
  return `board-${[...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
