// The list of products, with what each location has of each of their variants.
import { el, keepFocus } from "../dom.js";
import { grams, number, t } from "../text.js";
import { at, gramsAt, lowest, reserved, stock } from "./stock.js";

// show draws the products of ids into a list, and says what to do when somebody wants to edit a level or see its history.
export function show(list, ids, view, actions) {
  const old = new Map([...list.children].map((card) => [card.dataset.product, card]));
  keepFocus(() => list.replaceChildren(...ids.map((id) => old.get(id) ?? card(id, view, actions))));
}

const shows = new WeakMap(); // card → what it is drawn of

const drawnOf = (id, view) => JSON.stringify([stock.products.get(id), view]);

// update draws products anew where they stand, and marks what changed. A card that would be the same stays: somebody may be
// about to press a button of it.
export function update(list, ids, view, actions) {
  for (const old of list.querySelectorAll("[data-product]")) {
    if (!ids.includes(old.dataset.product)) continue;
    if (!stock.products.has(old.dataset.product)) {
      old.remove();
      continue;
    }
    if (shows.get(old) === drawnOf(old.dataset.product, view)) continue;
    const drawn = card(old.dataset.product, view, actions);
    for (const row of drawn.querySelectorAll("[data-level]")) {
      const before = old.querySelector(`[data-level="${CSS.escape(row.dataset.level)}"]`);
      if (before?.dataset.shows !== row.dataset.shows) row.classList.add("changed");
    }
    keepFocus(() => old.replaceWith(drawn));
  }
}

function card(id, view, actions) {
  const entry = stock.products.get(id);
  const least = lowest(entry, view.locationId);
  const drawn = el(
    "li",
    { class: "product", "data-product": id },
    el(
      "header",
      {},
      el("h2", {}, entry.product.name),
      badge(least, view.threshold),
      el("p", { class: "total" }, grams(gramsAt(entry, view.locationId))),
    ),
    el(
      "table",
      { role: "table", "aria-label": entry.product.name },
      el(
        "thead",
        { role: "rowgroup" },
        el(
          "tr",
          { role: "row" },
          ...[t("location"), t("inStock"), t("reserved"), t("available"), t("weight")].map((name) =>
            el("th", { role: "columnheader", scope: "col" }, name),
          ),
          el("th", { role: "columnheader", scope: "col" }, el("span", { class: "said" }, t("actions"))),
        ),
      ),
      ...entry.product.variants.map((variant) => group(entry, variant, view, actions)),
    ),
  );
  shows.set(drawn, drawnOf(id, view));
  return drawn;
}

function badge(available, threshold) {
  if (available <= 0) return el("span", { class: "badge bad" }, t("out"));
  if (available <= threshold) return el("span", { class: "badge low" }, t("low"));
  return null;
}

// group are the rows of one variant.
function group(entry, variant, view, actions) {
  const inventory = entry.inventory[variant.id];
  const levels = inventory.byLocation.filter((level) => !view.locationId || level.locationId === view.locationId);
  const editable = inventory.managed && !inventory.kit && inventory.inventoryItems.length > 0;
  const name = variant.name ?? variant.sku ?? variant.id;
  return el(
    "tbody",
    { role: "rowgroup" },
    el(
      "tr",
      { role: "row", class: "variant" },
      el(
        "th",
        { role: "rowheader", scope: "rowgroup", colspan: 5 },
        el("strong", {}, name),
        " ",
        el("span", { class: "quiet" }, [variant.sku, grams(variant.weight)].filter(Boolean).join(" · ")),
        inventory.managed ? null : el("span", { class: "quiet" }, ` · ${t("unmanaged")}`),
        inventory.kit ? el("span", { class: "quiet" }, ` · ${t("kit")}`) : null,
      ),
      el(
        "td",
        { role: "cell", class: "does" },
        editable &&
          lacksOne(inventory) &&
          button(`elsewhere ${variant.id}`, t("elsewhere"), t("elsewhereOf", { what: `${entry.product.name} ${name}` }), () =>
            actions.edit(entry.product.id, variant.id, null),
          ),
      ),
    ),
    ...levels.map((level) => row(entry, variant, name, level, editable, view, actions)),
  );
}

// lacksOne says whether there is a location where a variant has no level yet.
function lacksOne(inventory) {
  const there = new Set(inventory.byLocation.map((level) => level.locationId));
  return stock.locations.some(({ id }) => !there.has(id));
}

function row(entry, variant, name, level, editable, view, actions) {
  const where = level.locationName ?? t("deletedLocation");
  const key = `${variant.id} ${level.locationId}`;
  const what = { what: `${entry.product.name} ${name}`, where };
  const scarce = level.available <= 0 ? "bad" : level.available <= view.threshold ? "low" : "";
  return el(
    "tr",
    { role: "row", class: `level ${scarce}`, "data-level": key, "data-shows": `${level.quantity} ${level.available}` },
    el("th", { role: "rowheader", scope: "row" }, where),
    cell(t("inStock"), number(level.quantity)),
    cell(t("reserved"), number(reserved(level))),
    cell(t("available"), number(level.available), "available"),
    cell(t("weight"), grams(Math.round(level.quantity * variant.weight * 1000) / 1000)),
    el(
      "td",
      { role: "cell", class: "does" },
      editable &&
        level.locationName !== null &&
        button(`edit ${key}`, t("edit"), t("editOf", what), () => actions.edit(entry.product.id, variant.id, level.locationId)),
      editable &&
        button(`history ${key}`, t("history"), t("historyOf", what), () => actions.history(entry.product.id, variant.id, level.locationId)),
    ),
  );
}

const cell = (name, text, kind) => el("td", { role: "cell", class: kind, "data-name": name }, text);

const button = (key, text, label, click) =>
  el("button", { class: "button small", "data-key": key, "aria-label": label, onclick: click }, text);

// nameOf says what a level is one of.
export function nameOf(productId, variantId) {
  const product = stock.products.get(productId)?.product;
  const variant = product?.variants.find(({ id }) => id === variantId);
  return variant ? `${product.name} · ${variant.name ?? variant.sku ?? variant.id}` : variantId;
}

// inWords says what a location has of a variant.
export function inWords(productId, variantId, locationId) {
  const entry = stock.products.get(productId);
  const level = at(entry, variantId, locationId);
  const { weight } = entry.product.variants.find(({ id }) => id === variantId);
  return t("now", {
    quantity: number(level.quantity),
    reserved: number(reserved(level)),
    available: number(level.available),
    grams: grams(Math.round(level.quantity * weight * 1000) / 1000),
  });
}
