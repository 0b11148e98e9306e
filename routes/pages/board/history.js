// Who changed a level, when and why.
import { $, alertIn, busy, el, focusOn, say } from "./dom.js";
import { get } from "./gateway.js";
import { nameOf } from "./list.js";
import { stock } from "./stock.js";
import { number, reasonInWords, signed, t, time } from "./text.js";

const dialog = $("history");
const pageSize = 20;
let query; // of what is shown; a new one for each time the dialog is opened
let opener;
let people; // names by the id of Medusa's user

// history opens the audit of a variant's item at a location.
export function history(productId, variantId, locationId) {
  const [item] = stock.products.get(productId).inventory[variantId].inventoryItems;
  opener = document.activeElement?.dataset.key;
  const asked = { path: `inventoryItemId=${encodeURIComponent(item.inventoryItemId)}&locationId=${encodeURIComponent(locationId)}&limit=${pageSize}` };
  query = asked;
  const where = stock.locations.find(({ id }) => id === locationId)?.name ?? locationId;
  $("history-title").textContent = t("historyOf", { what: nameOf(productId, variantId), where });
  $("entries").replaceChildren();
  $("older").hidden = true;
  say(alertIn(dialog), null);
  say($("history-units"), item.requiredQuantity === 1 ? null : t("historyUnits", { required: number(item.requiredQuantity) }));
  dialog.showModal();
  return more();
}

async function more() {
  const list = $("entries");
  const asked = query;
  try {
    await busy(dialog, async () => {
      const [page] = await Promise.all([get(`api/inventory/audit?${asked.path}&offset=${list.children.length}`), meetPeople()]);
      if (asked !== query) return; // another level is shown by now
      list.append(...page.entries.map(entry));
      if (page.count === 0) list.append(el("li", { class: "quiet" }, t("noHistory")));
      $("older").hidden = list.children.length >= page.count;
    });
    say(alertIn(dialog), null);
  } catch (refusal) {
    if (asked === query) say(alertIn(dialog), refusal.message);
  }
}

// meetPeople learns the names of Medusa's users, where who is signed in may see them.
async function meetPeople() {
  people ??= get("admin/users?limit=200&fields=id,email,first_name,last_name").then(
    ({ users }) => new Map(users.map((user) => [user.id, [user.first_name, user.last_name].filter(Boolean).join(" ") || user.email])),
    () => new Map(),
  );
  people = await people;
}

function entry(change) {
  const who = change.actor ? people.get(change.actor.id) ?? change.actor.id : t("somebodyElse");
  const why = [change.reason && reasonInWords(change.reason), change.reference].filter(Boolean).join(" · ");
  return el("li", { class: change.state },
    el("p", { class: "change" },
      el("strong", {}, signed(change.adjustment)), " ", t("became", { before: number(change.previousQuantity), after: number(change.newQuantity) })),
    el("p", {}, why),
    el("p", { class: "quiet" }, el("time", { datetime: change.createdAt }, time(change.createdAt)), ` · ${who}`,
      change.state === "applied" ? null : ` · ${t(`state_${change.state}`)}`));
}

$("older").addEventListener("click", more);
dialog.addEventListener("close", () => opener && focusOn(opener));
