// The dialog in which one level is counted or adjusted.
import { $, alertIn, busy, el, focusOn, say } from "./dom.js";
import { send } from "./batch.js";
import { newKey } from "./gateway.js";
import { inWords, nameOf } from "./list.js";
import { at, stock } from "./stock.js";
import { isAmbiguous, number, readNumber, sum, t } from "./text.js";

const reasons = ["cycleCount", "received", "sale", "return", "damaged", "shrinkage", "correction", "transfer"];

const dialog = $("edit");
const form = dialog.querySelector("form");
const { location: place, what, quantity, reason, other, reference } = form.elements;

// What the dialog is about: { productId, variantId, opener, seen, attempt }. seen is the quantity that was there when it was
// looked at; attempt, { update, key }, an edit of which nobody knows yet whether it was made: sent again, it is made once.
let level;
let staging;

const another = "another"; // a reason of one's own words

reason.append(
  el("option", { value: "" }, t("choose")),
  ...reasons.map((name) => el("option", { value: name }, t(`reason_${name}`))),
  el("option", { value: another }, t("otherReason")),
);

// edit opens the dialog for a level; without a location, for a new one, at the preferred location if that has none yet.
// stage takes an edit into the batch.
export function edit(productId, variantId, locationId, preferred, stage) {
  level = { productId, variantId, opener: document.activeElement?.dataset.key };
  staging = stage;
  $("edit-title").textContent = nameOf(productId, variantId);
  const there = new Set(stock.products.get(productId).inventory[variantId].byLocation.map((level) => level.locationId));
  const lacking = stock.locations.filter(({ id }) => !there.has(id));
  place.replaceChildren(...stock.locations.map(({ id, name }) => el("option", { value: id }, name)));
  place.value = locationId ?? (lacking.find(({ id }) => id === preferred) ?? lacking[0] ?? stock.locations[0])?.id;
  what.value = "count";
  reason.value = "cycleCount";
  quantity.value = other.value = reference.value = "";
  say(alertIn(form), null);
  bind(false);
  turnTo();
  dialog.showModal();
  quantity.focus();
}

// bind keeps an edit as it is while nobody knows what became of it.
function bind(isBound) {
  $("edit-fields").disabled = $("edit-stage").disabled = isBound;
}

// turnTo shows what is at the chosen location now.
function turnTo() {
  level.seen = at(stock.products.get(level.productId), level.variantId, place.value).quantity;
  $("edit-now").textContent = inWords(level.productId, level.variantId, place.value);
  preview();
}

function preview() {
  $("other-reason").hidden = reason.value !== another;
  const typed = readNumber(quantity.value);
  const result = what.value === "count" ? typed : sum(level.seen, typed);
  $("quantity-hint").textContent = Number.isNaN(typed)
    ? t(what.value === "count" ? "countHint" : "adjustHint")
    : t("becomes", { before: number(level.seen), after: number(result) });
  quantity.removeAttribute("aria-invalid");
}

// The row of a batch that the form describes; null, and said so, where it describes none.
function row() {
  const typed = readNumber(quantity.value);
  const counting = what.value === "count";
  if (Number.isNaN(typed) || (counting ? typed < 0 : typed === 0)) {
    quantity.setAttribute("aria-invalid", "true");
    say(alertIn(form), t(isAmbiguous(quantity.value) ? "ambiguous" : counting ? "countInvalid" : "adjustInvalid"));
    quantity.focus();
    return null;
  }
  const why = reason.value === another ? other.value.trim() : reason.value;
  if (!why) {
    say(alertIn(form), t("reasonMissing"));
    (reason.value === another ? other : reason).focus();
    return null;
  }
  const change = counting ? { quantity: typed, expectedQuantity: level.seen } : { adjustment: typed, validateStock: true };
  return {
    variantId: level.variantId, locationId: place.value, ...change, reason: why,
    ...(reference.value.trim() && { reference: reference.value.trim() }),
  };
}

async function save() {
  const saved = level;
  saved.attempt ??= { update: row(), key: newKey() };
  const { update, key } = saved.attempt;
  if (!update) return (saved.attempt = null);
  const outcome = await busy(form, () => send({ updates: [update] }, key));
  if (!outcome.undecided) saved.attempt = null;
  const [result] = outcome.results;
  const isOpen = dialog.open && level === saved;
  if (result?.status === "success") {
    $("said").textContent = t("saved", { what: nameOf(saved.productId, saved.variantId), after: number(result.newQuantity) });
    if (isOpen) dialog.close();
    return;
  }
  const words = result?.error ?? outcome.words ?? t("unknown");
  if (!isOpen) return say($("trouble"), `${nameOf(saved.productId, saved.variantId)}: ${words}`);
  bind(outcome.undecided);
  if (!outcome.undecided) turnTo(); // it may have changed meanwhile: the next attempt is made by who has seen that
  say(alertIn(form), outcome.undecided ? `${words} ${t("sendAgain")}` : words);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.submitter?.value !== "stage") return save();
  const update = row();
  if (!update) return;
  staging({ productId: level.productId, update });
  dialog.close();
});
form.addEventListener("input", (event) => {
  say(alertIn(form), null);
  if (event.target === place) return turnTo();
  if (event.target.name === "what") reason.value = what.value === "count" ? "cycleCount" : "";
  preview();
});
dialog.addEventListener("close", () => {
  if (level.attempt) say($("trouble"), t("leftUnknown", { what: nameOf(level.productId, level.variantId) }));
  if (level.opener) focusOn(level.opener);
});
