// The dialog in which one level is counted or adjusted.
import { $, alertIn, busy, el, focusOn, say } from "./dom.js";
import { send } from "./batch.js";
import { inWords, nameOf } from "./list.js";
import { newKey } from "./gateway.js";
import { at, stock } from "./stock.js";
import { number, readNumber, sum, t } from "./text.js";

const reasons = ["cycleCount", "received", "sale", "return", "damaged", "shrinkage", "correction", "transfer"];

const dialog = $("edit");
const form = dialog.querySelector("form");
const { location: place, what, quantity, reason, other, reference } = form.elements;

let level; // { productId, variantId, opener, seen }: seen is the quantity that was there when the dialog was opened
let attempt; // { body, key } of an edit of which nobody knows yet whether it was made: sent again, it is made once
let staging;

const another = "another"; // a reason of one's own words

reason.append(
  el("option", { value: "" }, t("choose")),
  ...reasons.map((name) => el("option", { value: name }, t(`reason_${name}`))),
  el("option", { value: another }, t("otherReason")),
);

// edit opens the dialog for a level; without a location, for one that is chosen there. stage takes an edit into the batch.
export function edit(productId, variantId, locationId, stage) {
  const inventory = stock.products.get(productId).inventory[variantId];
  level = { productId, variantId, opener: document.activeElement?.dataset.key };
  staging = stage;
  $("edit-title").textContent = nameOf(productId, variantId);
  const there = new Set(inventory.byLocation.map((level) => level.locationId));
  place.replaceChildren(...stock.locations.map(({ id, name }) => el("option", { value: id }, name)));
  place.value = locationId ?? stock.locations.find(({ id }) => !there.has(id))?.id ?? stock.locations[0]?.id;
  what.value = "count";
  reason.value = "cycleCount";
  quantity.value = other.value = reference.value = "";
  say(alertIn(form), null);
  turnTo();
  dialog.showModal();
  quantity.focus();
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
    say(alertIn(form), t(counting ? "countInvalid" : "adjustInvalid"));
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

async function save(update) {
  const saved = level;
  const body = JSON.stringify(update);
  if (attempt?.body !== body) attempt = { body, key: newKey() };
  const outcome = await busy(form, () => send({ updates: [update] }, attempt.key));
  if (!outcome.undecided) attempt = null;
  const [result] = outcome.results;
  const name = nameOf(saved.productId, saved.variantId);
  const isOpen = dialog.open && level === saved;
  if (result?.status === "success") {
    $("said").textContent = t("saved", { what: name, after: number(result.newQuantity) });
    if (isOpen) dialog.close();
    return;
  }
  const words = result?.error ?? outcome.words;
  if (!isOpen) return say($("trouble"), `${name}: ${words}`);
  if (!outcome.undecided) turnTo(); // it may have changed meanwhile: the next attempt is made by who has seen that
  say(alertIn(form), words);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const update = row();
  if (!update) return;
  if (event.submitter?.value !== "stage") return save(update);
  staging({ productId: level.productId, update });
  dialog.close();
});
form.addEventListener("input", (event) => {
  say(alertIn(form), null);
  if (event.target === place) return turnTo();
  if (event.target.name === "what") reason.value = what.value === "count" ? "cycleCount" : "";
  preview();
});
dialog.addEventListener("close", () => level?.opener && focusOn(level.opener));
