// The dialog in which one level is counted or adjusted.
import { $, alertIn, busy, el, focusOn, say } from "../dom.js";
import { isAmbiguous, number, readNumber, sum, t } from "../text.js";
import { send } from "./batch.js";
import { newKey } from "./gateway.js";
import { inWords, nameOf } from "./list.js";
import { at, stock } from "./stock.js";

const reasons = ["cycleCount", "received", "sale", "return", "damaged", "shrinkage", "correction", "transfer"];

const dialog = $("edit");
const form = dialog.querySelector("form");
const { location: place, what, quantity, reason, other, reference } = form.elements;

// What the dialog is about: { productId, variantId, what, opener, seen, attempt, isUnderWay }. seen is the quantity that was
// there when it was looked at; attempt, { update, key, mayBeMade }, an edit of which nobody knows yet whether it was made:
// sent again, it is made once.
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
  level = { productId, variantId, what: nameOf(productId, variantId), opener: document.activeElement?.dataset.key };
  staging = stage;
  $("edit-title").textContent = level.what;
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

// turnTo shows what is at the chosen location now; of a variant that is gone meanwhile, what was there last.
function turnTo() {
  const entry = stock.products.get(level.productId);
  if (entry?.inventory[level.variantId]) {
    level.seen = at(entry, level.variantId, place.value).quantity;
    $("edit-now").textContent = inWords(level.productId, level.variantId, place.value);
  }
  preview();
}

function preview() {
  $("other-reason").hidden = reason.value !== another;
  const typed = readNumber(quantity.value);
  const result = what.value === "count" ? typed : sum(level.seen, typed);
  const hint = what.value === "count" ? t("countHint") : t("adjustHint");
  $("quantity-hint").textContent = Number.isNaN(typed) ? hint : t("becomes", { before: number(level.seen), after: number(result) });
  quantity.removeAttribute("aria-invalid");
}

// The row of a batch that the form describes; null, and said so, where it describes none.
function row() {
  const typed = readNumber(quantity.value);
  const counting = what.value === "count";
  if (Number.isNaN(typed) || (counting ? typed < 0 : typed === 0)) {
    quantity.setAttribute("aria-invalid", "true");
    say(alertIn(form), isAmbiguous(quantity.value) ? t("ambiguous") : counting ? t("countInvalid") : t("adjustInvalid"));
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
    variantId: level.variantId,
    locationId: place.value,
    ...change,
    reason: why,
    ...(reference.value.trim() && { reference: reference.value.trim() }),
  };
}

async function save() {
  const saved = level;
  saved.attempt ??= { update: row(), key: newKey() };
  const { update } = saved.attempt;
  if (!update) return (saved.attempt = null);
  saved.isUnderWay = true;
  const outcome = await busy(form, () => send({ updates: [update] }, saved.attempt));
  saved.isUnderWay = false;
  if (!outcome.undecided) saved.attempt = null;
  const [result] = outcome.results;
  const isOpen = dialog.open && level === saved;
  if (result?.status === "success") {
    $("said").textContent = t("saved", { what: saved.what, after: number(result.newQuantity) });
    if (isOpen) dialog.close();
    return;
  }
  const words = result?.error ?? outcome.words ?? t("unknown");
  if (!isOpen) return outcome.undecided ? leave(saved) : say($("trouble"), `${saved.what}: ${words}`);
  bind(outcome.undecided);
  if (!outcome.undecided) turnTo(); // it may have changed meanwhile: the next attempt is made by who has seen that
  say(alertIn(form), outcome.undecided ? `${words} ${t("sendAgain")}` : words);
}

// leave says that nobody waits any more for what became of an edit.
function leave({ what }) {
  say($("trouble"), t("leftUnknown", { what }));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.submitter?.value !== "stage") return save();
  const update = row();
  if (!update) return;
  staging({ what: level.what, update });
  dialog.close();
});
form.addEventListener("input", (event) => {
  say(alertIn(form), null);
  if (event.target === place) return turnTo();
  if (event.target.name === "what") reason.value = what.value === "count" ? "cycleCount" : "";
  preview();
});
dialog.addEventListener("close", () => {
  if (level.attempt && !level.isUnderWay) leave(level); // what is under way tells when it is answered
  if (level.opener) focusOn(level.opener);
});
