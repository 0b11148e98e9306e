// Edits that wait to be sent together, and what became of each.
import { $, busy, el, say } from "../dom.js";
import { actor, signedIn } from "../session.js";
import { fromTo, number, reasonInWords, signed, sum, t } from "../text.js";
import { change, newKey } from "./gateway.js";
import { refresh, stock } from "./stock.js";

const keptFor = (user) => `cannahub-batch:${user}`; // in sessionStorage: a reload loses no edit

const keyLife = 23 * 3600_000; // milliseconds; the gateway remembers a key for an hour longer

let owner; // the user whose edits these are
let waiting = []; // { what, update, result, trial, made }
// The key of the next batch. It is kept with the edits: a tab that is duplicated sends them with the same, so they are made once.
let key = newKey();
// A batch that is under way, or of which nobody knows yet what became: { edits, batch, key, since, mayBeMade }, an edit
// for each update of the batch. It is sent again as it is, with its key, until that is known: so it is made once.
let attempt = null;
let sending = false;
let drawn = () => {};

// whenChanged is told of the products whose stock edits have changed.
export function whenChanged(draw) {
  drawn = draw;
}

const pending = () => waiting.filter(({ made }) => !made);

export const hasEdits = () => pending().length > 0;

// restore brings back what this user had not sent when the page was left. Who signs in again finds it as it was; for another
// user the page begins anew, and what is under way for the first one tells nothing there.
export function restore() {
  if (owner && owner !== actor()) return location.reload();
  if (!owner) {
    owner = actor();
    const last = JSON.parse(sessionStorage.getItem(keptFor(owner)) ?? "{}");
    waiting = last.edits ?? [];
    dropTrials();
    key = last.key ?? key;
    // What was taken out of the list has its place among the results all the same.
    const edits = last.sent?.edits.map((place) => waiting[place] ?? {});
    attempt = last.sent ? { ...last.sent, edits, mayBeMade: true } : null;
  }
  show();
}

// forget drops all edits.
export function forget() {
  waiting = [];
  attempt = null;
  show();
}

function keep() {
  if (!owner) return; // nobody's edits are here yet
  const sent = attempt && { ...attempt, edits: attempt.edits.map((edit) => waiting.indexOf(edit)) };
  if (waiting.length === 0) sessionStorage.removeItem(keptFor(owner));
  else sessionStorage.setItem(keptFor(owner), JSON.stringify({ edits: waiting, key, sent }));
}

const isSameLevel = (a, b) => a.variantId === b.variantId && a.locationId === b.locationId;

// stage adds an edit. A count of a level takes the place of one that waits.
export function stage(edit) {
  const same = waiting.findIndex(
    (other) =>
      !other.made &&
      !attempt?.edits.includes(other) &&
      "quantity" in edit.update &&
      "quantity" in other.update &&
      isSameLevel(other.update, edit.update),
  );
  if (same >= 0) waiting.splice(same, 1);
  waiting.push(edit); // after what was staged before it: it is the last word
  show();
}

// send sends a batch and reads what it changed anew. What comes back always has results; words say what went wrong with
// all of it, undecided that nobody knows yet: the same is to be sent again as the same attempt, { key, mayBeMade }, which
// remembers whether that was so before.
export async function send(batch, attempt = {}) {
  const outcome = await answerTo(batch, attempt);
  attempt.mayBeMade ||= outcome.undecided;
  return outcome;
}

async function answerTo(batch, { key, mayBeMade }) {
  try {
    const answer = await change(batch, key);
    if (!batch.dryRun) await reread(batch.updates);
    return { results: answer.results, undecided: answer.results.some(({ status }) => status === "unknown") };
  } catch (refusal) {
    await reread(batch.updates);
    // Who may not ask learns nothing of what was sent before.
    const isUntold = mayBeMade && [401, 403].includes(refusal.status);
    const words = refusal.code === "IDEMPOTENCY_KEY_REUSED" ? t("sentElsewhere") : refusal.message;
    return { results: [], words, isLost: refusal.isLost, undecided: !batch.dryRun && (refusal.undecided || isUntold) };
  }
}

async function reread(updates) {
  const variants = new Set(updates.map(({ variantId }) => variantId));
  const ids = [...stock.products.values()]
    .filter(({ inventory }) => Object.keys(inventory).some((id) => variants.has(id)))
    .map(({ product }) => product.id);
  await refresh(ids).then(
    () => drawn(ids),
    () => {},
  ); // the stream tells as well
}

function show() {
  const left = pending().length;
  $("tray").hidden = left === 0 || !signedIn();
  $("waiting").textContent = left === 1 ? t("oneWaits") : t("manyWait", { count: number(left) });
  $("rows").replaceChildren(...waiting.map(line));
  $("send").disabled = sending || left === 0;
  $("try").disabled = $("atomic").disabled = sending || attempt !== null || left === 0;
  keep();
}

function line(edit) {
  const { what, update } = edit;
  const result = edit.trial ?? edit.result;
  const where = stock.locations.find(({ id }) => id === update.locationId)?.name ?? update.locationId;
  const does = "quantity" in update ? `= ${number(update.quantity)}` : signed(update.adjustment);
  // What may have been made can be taken from the list only when its outcome was told to be unknown.
  const isBound = sending || (attempt?.edits.includes(edit) && edit.result?.status !== "unknown");
  return el(
    "li",
    { class: result?.status },
    el("div", {}, el("strong", {}, what), el("span", { class: "quiet" }, where)),
    el("p", { class: "does" }, does, " ", el("span", { class: "quiet" }, reasonInWords(update.reason))),
    el("p", { class: "result" }, result ? inWords(result) : ""),
    edit.made || isBound
      ? null
      : el("button", { class: "button small", "aria-label": t("dropOf", { what, where }), onclick: () => drop(edit) }, t("drop")),
  );
}

// inWords says what became of an edit.
function inWords(result) {
  switch (result.status) {
    case "success":
      return `✓ ${fromTo(result.previousQuantity, result.newQuantity)}${result.warning ? ` ${result.warning}` : ""}`;
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
  const isKnown = ({ result }) => result && result.status !== "unknown";
  if (attempt?.edits.every((other) => !waiting.includes(other) || isKnown(other))) settle();
  say($("outcome"), null);
  show();
  if (pending().length === 0) $("batch").close();
  else ($("rows").querySelector("button") ?? $("send")).focus();
}

// settle is for when it is known, or nobody asks any more, what became of a batch: what still waits is another one.
function settle() {
  attempt = null;
  key = newKey();
}

function batchOf(edits) {
  const updates = edits.map(({ update }) => update);
  return { updates: updates.map((update, i) => after(updates.slice(0, i), update)), ...($("atomic").checked && { atomic: true }) };
}

// after is a row as it is sent after others: a count expects what those of its level leave of what was seen.
function after(rows, update) {
  if (!("quantity" in update)) return update;
  const before = rows.filter((row) => isSameLevel(row, update));
  return { ...update, expectedQuantity: before.reduce(left, update.expectedQuantity) };
}

// left is what a row leaves of a quantity; one that takes more than there is will be refused.
function left(there, row) {
  const quantity = row.quantity ?? sum(there, row.adjustment);
  return quantity < 0 ? there : quantity;
}

async function sendAll() {
  dropTrials();
  if (attempt && Date.now() - attempt.since > keyLife) return giveUp(attempt.edits, ({ what }) => t("leftUnknown", { what }));
  attempt ??= { edits: pending(), batch: batchOf(pending()), key, since: Date.now() };
  const { edits, batch } = attempt;
  const outcome = await working(() => send(batch, attempt));
  if (outcome.isLost) return giveUp(edits, () => outcome.words);
  if (!outcome.undecided) settle();
  for (const [i, edit] of edits.entries()) {
    edit.result = outcome.results[i];
    edit.made ||= edit.result?.status === "success";
    if (outcome.undecided) continue; // it is sent again as it was
    // What is sent anew comes after what was made, which is not.
    const made = edits.slice(0, i).filter((other) => other.made);
    edit.update = after(
      made.map(({ update }) => update),
      edit.update,
    );
  }
  tell(outcome, (places) => t("made", places));
}

async function tryAll() {
  const edits = pending();
  const outcome = await working(() => send({ ...batchOf(edits), dryRun: true }));
  for (const [i, edit] of edits.entries()) edit.trial = outcome.results[i];
  tell(outcome, (places) => t("wouldMake", places));
}

// giveUp frees edits of which nobody can tell any more whether they were made, and says so of each.
function giveUp(edits, inWords) {
  const left = edits.filter((edit) => !edit.made && waiting.includes(edit));
  for (const edit of left) edit.result = { status: "unknown", error: inWords(edit) };
  settle();
  tell({ results: [], words: inWords(left[0]) });
}

// dropTrials forgets what would have become of edits: they have not been made.
function dropTrials() {
  for (const edit of waiting) delete edit.trial;
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

function tell({ results, words, undecided }, inShort) {
  const good = results.filter(({ status }) => status === "success").length;
  $("outcome").className = `notice ${good > 0 && good === results.length ? "good" : "bad"}`;
  const said = words ?? inShort({ made: number(good), count: number(results.length) });
  say($("outcome"), words && undecided ? `${words} ${t("sendAgain")}` : said);
  show();
  if (document.activeElement === document.body || document.activeElement.disabled) {
    ($("send").disabled ? $("batch").querySelector("[data-close]") : $("send")).focus(); // what was pressed may be gone
  }
}

$("review").addEventListener("click", () => {
  if (!sending) {
    $("outcome").className = "notice bad";
    say($("outcome"), attempt && t("sendAgain"));
  }
  show();
  $("batch").showModal();
});
$("send").addEventListener("click", sendAll);
$("try").addEventListener("click", tryAll);
$("atomic").addEventListener("change", () => say($("outcome"), null));
// What was made stays to be read until the dialog is closed.
$("batch").addEventListener("close", () => {
  if (!attempt) waiting = pending();
  dropTrials();
  show();
  if (!hasEdits()) $("products").focus(); // what opened the dialog is gone
});
