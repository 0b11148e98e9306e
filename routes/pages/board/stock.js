// What there is: the products with all their stock, as the gateway told last.
import { ask } from "../session.js";
import { plain, sum } from "../text.js";

const pageSize = 100;
export const mostLoaded = 1000; // products; of more only what is searched for

export const stock = {
  products: new Map(), // by id: { product, inventory, totalInventoryGrams }
  count: 0, // of the shop's products
  locations: [], // { id, name }
  productsOf: new Map(), // inventory item's id → ids of the products that take it
};

export async function load() {
  const [locations] = await Promise.all([allLocations(), loadProducts("")]);
  stock.locations = locations;
}

async function allLocations() {
  const locations = [];
  for (;;) {
    const page = await ask(`api/locations?limit=${pageSize}&offset=${locations.length}`);
    locations.push(...page.locations.map(({ id, name }) => ({ id, name })));
    if (page.locations.length === 0 || locations.length >= page.count) return locations;
  }
}

// loadProducts loads the products that match a search, in the shop's order.
async function loadProducts(search) {
  for (let offset = 0; offset < mostLoaded; offset += pageSize) {
    const page = await read(`offset=${offset}${search && `&search=${encodeURIComponent(search)}`}`);
    if (!search) stock.count = page.count;
    if (offset + pageSize >= page.count) return;
  }
}

// find loads what matches a search and may not be loaded, in a shop with very many products; says whether it did.
export async function find(search) {
  if (!search || stock.count <= stock.products.size) return false;
  await loadProducts(search);
  return true;
}

// refresh reads some products anew.
export async function refresh(ids) {
  for (let first = 0; first < ids.length; first += pageSize) {
    const some = ids.slice(first, first + pageSize).map((id) => `id=${encodeURIComponent(id)}`);
    const page = await read(some.join("&"));
    const there = new Set(page.products.map(({ product }) => product.id));
    for (const id of ids.slice(first, first + pageSize)) if (!there.has(id)) stock.products.delete(id);
  }
}

let asked = 0; // questions, by which an answer that was overtaken is known
const newest = new Map(); // product's id → the question that it was answered to last

async function read(query) {
  const question = ++asked;
  const page = await ask(`api/products/with-inventory?limit=${pageSize}&${query}`);
  for (const entry of page.products) {
    if (newest.get(entry.product.id) > question) continue;
    newest.set(entry.product.id, question);
    keep(entry);
  }
  return page;
}

function keep(entry) {
  stock.products.set(entry.product.id, entry);
  for (const item of itemsOf(entry)) {
    if (!stock.productsOf.has(item)) stock.productsOf.set(item, new Set());
    stock.productsOf.get(item).add(entry.product.id);
  }
}

// itemsOf are the inventory items that a product's variants take.
export function itemsOf({ inventory }) {
  return Object.values(inventory).flatMap(({ inventoryItems }) => inventoryItems.map((item) => item.inventoryItemId));
}

// at is what a location has of a variant, zeros where it has no level; without a location, all of them.
export function at(entry, variantId, locationId) {
  const inventory = entry.inventory[variantId];
  if (!locationId) return inventory;
  const level = inventory.byLocation.find((level) => level.locationId === locationId);
  return level ?? { locationId, quantity: 0, available: 0 };
}

export const reserved = (level) => sum(level.quantity, -level.available);

// lowest is the scarcest of a product's managed variants, of those that the location has; Infinity where there is none.
export function lowest(entry, locationId) {
  const isThere = ({ byLocation }) => !locationId || byLocation.some((level) => level.locationId === locationId);
  const managed = entry.product.variants.filter(({ id }) => entry.inventory[id].managed && isThere(entry.inventory[id]));
  return Math.min(...managed.map((variant) => at(entry, variant.id, locationId).available));
}

// gramsAt are the grams of a product at a location, each item counted once: by the variant that takes least of it.
export function gramsAt(entry, locationId) {
  if (!locationId) return entry.totalInventoryGrams;
  const counted = new Map(); // item → what of it is there
  for (const { id, weight } of entry.product.variants) {
    const [item, ...others] = entry.inventory[id].inventoryItems;
    if (!item || others.length > 0 || counted.get(item.inventoryItemId)?.required <= item.requiredQuantity) continue;
    counted.set(item.inventoryItemId, { required: item.requiredQuantity, grams: at(entry, id, locationId).quantity * weight });
  }
  return sum(...[...counted.values()].map(({ grams }) => grams));
}

// select are the ids of the products to show, in their order.
export function select({ search, locationId, order }) {
  const words = plain(search).split(/\s+/).filter(Boolean);
  const compare = new Intl.Collator(document.documentElement.lang, { numeric: true }).compare;
  const shown = [...stock.products.values()].filter((entry) => {
    const text = plain([entry.product.name, ...entry.product.variants.flatMap(({ name, sku }) => [name, sku])].join(" "));
    return words.every((word) => text.includes(word)) && (!locationId || hasLevelAt(entry, locationId));
  });
  const byName = (a, b) => compare(a.product.name, b.product.name);
  // Infinity − Infinity is NaN, which is as good as equal.
  shown.sort(order === "low" ? (a, b) => lowest(a, locationId) - lowest(b, locationId) || byName(a, b) : byName);
  return shown.map((entry) => entry.product.id);
}

const hasLevelAt = (entry, locationId) =>
  Object.values(entry.inventory).some((inventory) => inventory.byLocation.some((level) => level.locationId === locationId));
