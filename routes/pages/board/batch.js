// Edits that wait to be sent together, and what became of each.
import { $, busy, el, say } from "./dom.js";
import { actor, change, newKey } from "./gateway.js";
import { nameOf } from "./list.js";
import { refresh, stock } from "./stock.js";
import { number, reasonInWords, signed, t } from "./text.js";

const kept = "cannahub-batch"; // in sessionStorage: a reload loses no edit

let waiting = []; // { productId, update, result, made }
// A batch that is under way, or of which nobody knows yet what became: { edits, batch, key }. It is sent again as it is, with
// its key, until that is known: so it is made once.
let attempt = null;
let sending = false;
let drawn = () => {};

// whenChanged is told of the products whose stock edits have changed.
export function whenChanged(draw) {
  drawn = draw;
}

const pending = () => waiting.filter(({ made }) => !made);

export const hasEdits = () => pending().length > 0;

// restore brings back what this user had not sent when the page was left.
export function restore() {
  const { by, edits = [], sent } = JSON.parse(sessionStorage.getItem(kept) ?? "{}");
  waiting = by === actor() ? edits.filter(({ productId }) => stock.products.has(productId)) : [];
  attempt = by === actor() && sent ? { ...sent, edits: edits.filter((edit, i) => sent.edits.includes(i) && waiting.includes(edit)) } : null;
  show();
}

// forget drops all edits.
export function forget() {
  waiting = [];
  attempt = null;
  show();
}

function keep() {
  if (!actor()) return; // signed out: what is kept waits for its user
  const sent = attempt && { ...attempt, edits: attempt.edits.map((edit) => waiting.indexOf(edit)) };
  if (waiting.length === 0) sessionStorage.removeItem(kept);
  else sessionStorage.setItem(kept, JSON.stringify({ by: actor(), edits: waiting, sent }));
}

// stage adds an edit. A count of a level takes the place of one that waits.
export function stage(edit) {
  const same = waiting.findIndex((other) => !other.made && !attempt?.edits.includes(other) && "quantity" in edit.update && "quantity" in other.update &&
    other.update.variantId === edit.update.variantId && other.update.locationId === edit.update.locationId);
  if (same >= 0) waiting.splice(same, 1, edit);
  else waiting.push(edit);
  show();
}

// send sends a batch and reads what it changed anew. What comes back always has results; words say what went wrong with
// all of it, undecided that nobody knows yet: the same is to be sent again with the same key.
export async function send(batch, key) {
  try {
    const answer = await change(batch, key);
    if (!batch.dryRun) await reread(batch.updates);
    return { results: answer.results, undecided: answer.results.some(({ status }) => status === "unknown") };
  } catch (refusal) {
    await reread(batch.updates);
    return { results: [], words: refusal.message, undecided: !batch.dryRun && refusal.undecided };
  }
}

async function reread(updates) {
  const variants = new Set(updates.map(({ variantId }) => variantId));
  const ids = [...stock.products.values()].filter(({ inventory }) => Object.keys(inventory).some((id) => variants.has(id))).map(({ product }) => product.id);
  await refresh(ids).then(() => drawn(ids), () => {}); // the stream tells as well
}

function show() {
  const left = pending().length;
  $("tray").hidden = left === 0;
  $("waiting").textContent = left === 1 ? t("oneWaits") : t("manyWait", { count: number(left) });
  $("rows").replaceChildren(...waiting.map(line));
  $("send").disabled = sending || left === 0;
  $("try").disabled = $("atomic").disabled = sending || attempt !== null || left === 0;
  keep();
}

function line(edit) {
  const { productId, update, result } = edit;
  const name = nameOf(productId, update.variantId);
  const where = stock.locations.find(({ id }) => id === update.locationId)?.name ?? update.locationId;
  const does = "quantity" in update ? t("setTo", { quantity: number(update.quantity) }) : t("changeBy", { quantity: signed(update.adjustment) });
  // What may have been made can be taken from the list only when its outcome was told to be unknown.
  const isBound = sending || (attempt?.edits.includes(edit) && result?.status !== "unknown");
  return el("li", { class: result?.status },
    el("div", {}, el("strong", {}, name), el("span", { class: "quiet" }, where)),
    el("p", { class: "does" }, does, " ", el("span", { class: "quiet" }, reasonInWords(update.reason))),
    el("p", { class: "result" }, result ? inWords(result) : ""),
    edit.made || isBound ? null :
      el("button", { class: "button small", "aria-label": t("dropOf", { what: name, where }), onclick: () => drop(edit) }, t("drop")));
}

// inWords says what became of an edit.
function inWords(result) {
  switch (result.status) {
    case "success":
      return `✓ ${t("became", { before: number(result.previousQuantity), after: number(result.newQuantity) })}${result.warning ? ` ${result.warning}` : ""}`;
    case "skipped":
      return `– ${result.error ?? t("skipped")}`;
    case "unknown":
      return `? ${result.error ?? t("unknown")}`;
    default:
      return `✗ ${result.error}`;
  }
}

function drop(edit) {
  waiting.splice(waiting.indexOf(edit), 1);
  if (attempt && attempt.edits.every((other) => other.made || !waiting.includes(other))) attempt = null;
  say($("outcome"), null);
  show();
  if (pending().length === 0) $("batch").close();
  else ($("rows").querySelector("button") ?? $("send")).focus();
}

const batchOf = (edits) => ({ updates: edits.map(({ update }) => update), ...($("atomic").checked && { atomic: true }) });

async function sendAll() {
  attempt ??= { edits: pending(), batch: batchOf(pending()), key: newKey() };
  const { edits, batch, key } = attempt;
  const outcome = await working(() => send(batch, key));
  if (!outcome.undecided) attempt = null;
  tell(edits, outcome, "made");
}

async function tryAll() {
  const edits = pending();
  tell(edits, await working(() => send({ ...batchOf(edits), dryRun: true })), "wouldMake");
}

// working keeps everything from being sent twice, also while the dialog is closed and opened.
async function working(work) {
  sending = true;
  show();
  try {
    return await busy($("batch"), work);
  } finally {
    sending = false;
  }
}

function tell(edits, { results, words, undecided }, summary) {
  edits.forEach((edit, i) => {
    edit.result = results[i];
    edit.made ||= summary === "made" && edit.result?.status === "success";
  });
  const good = results.filter(({ status }) => status === "success").length;
  $("outcome").className = `notice ${good > 0 && good === results.length ? "good" : "bad"}`;
  const counted = t(summary, { made: number(good), count: number(results.length) });
  say($("outcome"), words ? `${words}${undecided ? ` ${t("sendAgain")}` : ""}` : counted);
  show();
  if (document.activeElement === document.body || document.activeElement.disabled) {
    ($("send").disabled ? $("batch").querySelector("[data-close]") : $("send")).focus(); // what was pressed may be gone
  }
}

$("review").addEventListener("click", () => {
  if (!sending) say($("outcome"), null);
  show();
  $("batch").showModal();
});
$("send").addEventListener("click", sendAll);
$("try").addEventListener("click", tryAll);
$("atomic").addEventListener("change", () => say($("outcome"), null));
// What was made stays to be read until the dialog is closed.
$("batch").addEventListener("close", () => {
  if (!attempt) waiting = pending();
  show();
  if (!hasEdits()) $("products").focus(); // what opened the dialog is gone
});
