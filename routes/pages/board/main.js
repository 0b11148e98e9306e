// The stock board: signs in, loads, draws, and follows what is shown.
import { stage, whenChanged } from "./batch.js";
import { $, alertIn, busy, el, say } from "./dom.js";
import { edit } from "./edit.js";
import { get, signedIn, signIn, signOut } from "./gateway.js";
import { history } from "./history.js";
import { show, update } from "./list.js";
import { follow, followable } from "./live.js";
import { find, itemsOf, load, refresh, select, stock } from "./stock.js";
import { number, readNumber, t } from "./text.js";

const step = 40; // products shown at first, and more at a time
const settling = 120; // ms in which changes are gathered, and in which somebody types on

const list = $("products");
const filters = $("filters").elements;
let selected = []; // ids of the products that match, in order
let shown = step; // how many of them are shown
let stopFollowing = () => {};
let followed = ""; // the items that are followed

const view = () => ({
  search: filters.search.value, locationId: filters.location.value, order: filters.order.value, threshold: readNumber(filters.threshold.value) || 0,
});
const actions = { edit: (product, variant, location) => edit(product, variant, location || view().locationId || null, stage), history };

// Signing in and out.

async function enter() {
  $("sign-in").hidden = true;
  $("board").hidden = $("live").hidden = $("sign-out").hidden = false;
  $("summary").textContent = t("loading");
  try {
    await load();
    showLocations();
    draw();
    get("admin/users/me").then(({ user }) => say($("who"), user.email), () => {});
    say($("trouble"), null);
  } catch (refusal) {
    if (refusal.status === 401) return leave(t("signInAgain"));
    $("summary").textContent = "";
    say($("trouble"), refusal.message);
  }
}

function leave(why) {
  signOut();
  stopFollowing();
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  $("board").hidden = $("live").hidden = $("who").hidden = $("sign-out").hidden = $("tray").hidden = true;
  list.replaceChildren();
  $("sign-in").hidden = false;
  say(alertIn($("sign-in")), why);
  $("email").focus();
}

$("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { email, password } = event.target.elements;
  try {
    await busy(event.target, () => signIn(email.value, password.value));
    password.value = "";
    say(alertIn(event.target), null);
    $("title").focus(); // what has the focus now goes away
    await enter();
  } catch (refusal) {
    say(alertIn(event.target), refusal.message);
    password.select();
  }
});
$("sign-out").addEventListener("click", () => location.reload(signOut()));

// Drawing.

function showLocations() {
  filters.location.append(...stock.locations.map(({ id, name }) => el("option", { value: id }, name)));
}

// draw selects and draws anew: the order changes only when somebody asks for it, never under his finger.
function draw() {
  const look = view();
  selected = select(look);
  list.replaceChildren();
  drawShown(look);
}

function drawShown(look = view()) {
  show(list, selected.slice(0, shown), look, actions);
  $("more").hidden = selected.length <= shown;
  $("summary").textContent = selected.length === 0 ? t("nothing") : t("shows", { shown: number(Math.min(shown, selected.length)), count: number(Math.max(selected.length, view().search ? 0 : stock.count)) });
  followShown();
}

$("more").addEventListener("click", () => {
  const first = shown;
  shown += step;
  drawShown();
  list.children[first]?.querySelector("button")?.focus();
});

let typing;
$("filters").addEventListener("submit", (event) => event.preventDefault());
$("filters").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(async () => {
    shown = step;
    draw();
    await find(view().search).then(() => stock.count > selected.length && draw(), (refusal) => say($("trouble"), refusal.message));
  }, settling);
});

// Following.

function followShown() {
  const items = followable([...new Set(selected.slice(0, shown).flatMap((id) => itemsOf(stock.products.get(id))))]);
  if (items.join() === followed) return;
  stopFollowing();
  followed = items.join();
  if (items.length === 0) return;
  stopFollowing = follow(items, {
    changed: ({ payload }) => reread(stock.productsOf.get(payload.inventoryItemId) ?? []),
    gap: () => reread(selected.slice(0, shown)),
    state(now) {
      if (now === "refused") return leave(t("signInAgain"));
      $("live").className = `live ${now}`;
      $("live").textContent = t(now);
    },
  });
}

const changed = new Set(); // products that are to be read anew
let rereading;

// reread reads products anew, many changes at once: the gateway counts, the board shows.
function reread(ids) {
  for (const id of ids) changed.add(id);
  rereading ??= setTimeout(async () => {
    const some = [...changed];
    changed.clear();
    rereading = null;
    await refresh(some).then(() => drawChanged(some), (refusal) => refusal.status === 401 && leave(t("signInAgain")));
  }, settling);
}

function drawChanged(ids) {
  update(list, ids, view(), actions);
}

whenChanged(drawChanged);
// Who comes back to the board after a while sees what it is now, also of what is not followed.
let looked = Date.now();
document.addEventListener("visibilitychange", () => {
  if (document.hidden) looked = Date.now();
  else if (signedIn() && Date.now() - looked > 60_000) reread([...stock.products.keys()]);
});

if (signedIn()) enter();
else leave();
