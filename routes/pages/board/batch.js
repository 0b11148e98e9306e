// Edits that wait to be sent together, and what became of each.
import { $, busy, el, say } from "./dom.js";
import { change, newKey } from "./gateway.js";
import { nameOf } from "./list.js";
import { refresh, stock } from "./stock.js";
import { number, reasonInWords, signed, t } from "./text.js";

const waiting = []; // { productId, update, result }
let attempt; // { body, key }: the same edits, sent again, are made once
let drawn = () => {};

// whenChanged is told of the products whose stock edits have changed.
export function whenChanged(draw) {
  drawn = draw;
}

// stage adds an edit. A count of a level takes the place of one that waits.
export function stage(edit) {
  const same = waiting.findIndex(({ update }) => "quantity" in edit.update && "quantity" in update &&
    update.variantId === edit.update.variantId && update.locationId === edit.update.locationId);
  if (same >= 0) waiting.splice(same, 1, edit);
  else waiting.push(edit);
  show();
}

// send sends a batch and reads what it changed anew. What comes back always has results; words say what went wrong with
// all of it, undecided that the same may be sent again with the same key.
export async function send(batch, key) {
  try {
    const answer = await change(batch, key);
    if (!batch.dryRun) await reread(batch.updates);
    return { results: answer.results, undecided: answer.results.some(({ status }) => status === "unknown") };
  } catch (refusal) {
    await reread(batch.updates);
    return { results: [], words: refusal.message, undecided: refusal.undecided };
  }
}

async function reread(updates) {
  const variants = new Set(updates.map(({ variantId }) => variantId));
  const ids = [...stock.products.values()].filter(({ inventory }) => Object.keys(inventory).some((id) => variants.has(id))).map(({ product }) => product.id);
  await refresh(ids).then(() => drawn(ids), () => {}); // the stream tells as well
}

const pending = () => waiting.filter(({ made }) => !made);

function show() {
  const left = pending().length;
  $("tray").hidden = left === 0;
  $("waiting").textContent = left === 1 ? t("oneWaits") : t("manyWait", { count: number(left) });
  $("rows").replaceChildren(...waiting.map(line));
  $("send").disabled = $("try").disabled = left === 0;
}

function line(edit) {
  const { productId, update, result } = edit;
  const name = nameOf(productId, update.variantId);
  const where = stock.locations.find(({ id }) => id === update.locationId)?.name ?? update.locationId;
  const does = "quantity" in update ? t("setTo", { quantity: number(update.quantity) }) : t("changeBy", { quantity: signed(update.adjustment) });
  return el("li", { class: result?.status },
    el("div", {}, el("strong", {}, name), el("span", { class: "quiet" }, where)),
    el("p", { class: "does" }, does, " ", el("span", { class: "quiet" }, reasonInWords(update.reason))),
    el("p", { class: "result" }, result ? inWords(result) : ""),
    edit.made ? null : el("button", { class: "button small", "aria-label": t("dropOf", { what: name, where }), onclick: () => drop(edit) }, t("drop")));
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
  say($("outcome"), null);
  show();
  if (pending().length === 0) $("batch").close();
  else $("rows").querySelector("button").focus();
}

async function sendAll(dryRun) {
  const edits = pending();
  const batch = { updates: edits.map(({ update }) => update), ...($("atomic").checked && { atomic: true }), ...(dryRun && { dryRun }) };
  const body = JSON.stringify(batch);
  if (attempt?.body !== body) attempt = { body, key: newKey() };
  const outcome = await busy($("batch"), () => send(batch, attempt.key));
  if (!outcome.undecided) attempt = null;
  edits.forEach((edit, i) => {
    edit.result = outcome.results[i];
    edit.made = !dryRun && edit.result?.status === "success";
  });
  const good = outcome.results.filter(({ status }) => status === "success").length;
  $("outcome").className = `notice ${good > 0 && good === outcome.results.length ? "good" : "bad"}`;
  say($("outcome"), outcome.words ?? t(dryRun ? "wouldMake" : "made", { made: number(good), count: number(outcome.results.length) }));
  show();
}

$("review").addEventListener("click", () => {
  say($("outcome"), null);
  show();
  $("batch").showModal();
});
$("send").addEventListener("click", () => sendAll(false));
$("try").addEventListener("click", () => sendAll(true));
$("atomic").addEventListener("change", () => say($("outcome"), null));
// What was made stays to be read until the dialog is closed.
$("batch").addEventListener("close", () => {
  waiting.splice(0, waiting.length, ...pending());
  show();
});
