// Who changed a level, or an item wherever it is, when and why.
import { $, alertIn, busy, el, focusOn, say } from "../dom.js";
import { ask } from "../session.js";
import { fromTo, number, reasonInWords, signed, t, time } from "../text.js";
import { nameOf } from "./list.js";
import { stock } from "./stock.js";

const dialog = $("history");
const pageSize = 20;
let level; // whose history it is
let query; // of what is shown; a new one each time it begins anew
let opener;
let people; // names by the id of Medusa's user

// history opens the audit of a variant's item, at a location or at all of them.
export function history(productId, variantId, locationId) {
  const [item] = stock.products.get(productId).inventory[variantId].inventoryItems;
  opener = document.activeElement?.dataset.key;
  level = { inventoryItemId: item.inventoryItemId, locationId, what: nameOf(productId, variantId) };
  $("everywhere").checked = false;
  say($("history-units"), item.requiredQuantity === 1 ? null : t("historyUnits", { required: number(item.requiredQuantity) }));
  dialog.showModal();
  return begin();
}

// begin shows the newest changes.
function begin() {
  const everywhere = $("everywhere").checked;
  const { inventoryItemId, locationId, what } = level;
  const at = everywhere ? "" : `&locationId=${encodeURIComponent(locationId)}`;
  query = { everywhere, path: `inventoryItemId=${encodeURIComponent(inventoryItemId)}${at}&limit=${pageSize}` };
  $("history-title").textContent = t("historyOf", { what, where: everywhere ? t("allLocations") : placeOf(locationId) });
  $("entries").replaceChildren();
  $("older").hidden = true;
  say(alertIn(dialog), null);
  return more();
}

const placeOf = (locationId) => stock.locations.find(({ id }) => id === locationId)?.name ?? locationId;

async function more() {
  const list = $("entries");
  const asked = query;
  try {
    await busy(dialog, async () => {
      const [page] = await Promise.all([ask(`api/inventory/audit?${asked.path}&offset=${list.children.length}`), meetPeople()]);
      if (asked !== query) return; // others are shown by now
      list.append(...page.entries.map((change) => entry(change, asked.everywhere)));
      if (page.count === 0) list.append(el("li", { class: "quiet" }, t("noHistory")));
      $("older").hidden = list.children.length >= page.count;
    });
    say(alertIn(dialog), null);
  } catch (refusal) {
    if (asked === query) say(alertIn(dialog), refusal.message);
  }
}

// meetPeople learns the names of Medusa's users, where who is signed in may see them. It asks again after another failure.
async function meetPeople() {
  people ??= await ask("admin/users?limit=200&fields=id,email,first_name,last_name").then(
    ({ users }) => new Map(users.map((user) => [user.id, [user.first_name, user.last_name].filter(Boolean).join(" ") || user.email])),
    ({ status }) => (status === 403 ? new Map() : undefined),
  );
}

function entry(change, everywhere) {
  const who = change.actor ? (people?.get(change.actor.id) ?? change.actor.id) : t("somebodyElse");
  const why = [change.reason && reasonInWords(change.reason), change.reference].filter(Boolean).join(" · ");
  return el(
    "li",
    { class: change.state },
    el("p", { class: "change" }, el("strong", {}, signed(change.adjustment)), " ", fromTo(change.previousQuantity, change.newQuantity)),
    el("p", {}, why),
    el(
      "p",
      { class: "quiet" },
      el("time", { datetime: change.createdAt }, time(change.createdAt)),
      everywhere ? ` · ${placeOf(change.locationId)}` : null,
      ` · ${who}`,
      change.state === "applied" ? null : ` · ${t(`state_${change.state}`)}`,
    ),
  );
}

$("older").addEventListener("click", more);
$("everywhere").addEventListener("change", begin);
dialog.addEventListener("close", () => opener && focusOn(opener));
