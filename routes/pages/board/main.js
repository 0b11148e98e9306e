// The stock board: signs in, loads, draws, and follows what is shown.
import { $, alertIn, busy, el, keepFocus, say } from "../dom.js";
import { address, signedIn, signIn, signOut, whenSignedOut } from "../session.js";
import { number, readNumber, t } from "../text.js";
import { forget, hasEdits, restore, stage, whenChanged } from "./batch.js";
import { edit } from "./edit.js";
import { history } from "./history.js";
import { show, update } from "./list.js";
import { follow, followable } from "./live.js";
import { find, itemsOf, load, mostLoaded, refresh, select, stock } from "./stock.js";

const step = 40; // products shown at first, and more at a time
const settling = 120; // ms in which changes are gathered, and in which somebody types on
const again = 5000; // ms after which what failed is tried again
const minute = 60_000; // ms: how old what is not followed gets

const list = $("products");
const filters = $("filters").elements;
let isLoaded = false; // until then nothing is drawn: who edits has to see all locations
let selected = []; // ids of the products that match, in order
let shown = step; // how many of them are shown
let stopFollowing = () => {};
let followed = ""; // the items that are followed
let isPartly = false; // not all that is shown is followed
let threshold = 5; // the last number that was typed there

const view = () => ({
  search: filters.search.value,
  locationId: filters.location.value,
  order: filters.order.value,
  threshold,
});
const actions = { edit: (product, variant, location) => edit(product, variant, location, view().locationId, stage), history };

// Signing in and out.

async function enter() {
  $("sign-in").hidden = true;
  $("board").hidden = $("sign-out").hidden = false;
  $("summary").textContent = t("loading");
  try {
    await load();
  } catch (refusal) {
    if (!signedIn()) return;
    tellReading(refusal.message);
    setTimeout(() => signedIn() && enter(), again);
    return;
  }
  tellReading("");
  isLoaded = true;
  showLocations();
  look();
  restore();
  address().then(
    (email) => say($("who"), email),
    () => {},
  );
}

function leave(why) {
  signOut();
  stopFollowing();
  clearTimeout(typing);
  isLoaded = false;
  followed = "";
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  $("board").hidden = $("who").hidden = $("sign-out").hidden = $("tray").hidden = true;
  say($("live"), null);
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
$("sign-out").addEventListener("click", () => {
  if (hasEdits() && !confirm(t("loseBatch"))) return;
  forget();
  signOut();
  location.reload();
});
whenSignedOut(() => signedIn() && leave(t("signInAgain"))); // its edits wait for the same user

// Drawing.

function showLocations() {
  const chosen = filters.location.value;
  filters.location.replaceChildren(
    filters.location.options[0],
    ...stock.locations.map(({ id, name }) => el("option", { value: id }, name)),
  );
  filters.location.value = chosen;
}

// draw selects and draws anew: the order changes only when somebody asks for it, never under his finger.
function draw() {
  const wanted = view();
  selected = select(wanted);
  keepFocus(() => {
    list.replaceChildren();
    drawShown(wanted);
  });
}

// look draws what is asked for: at first of what is loaded, and then with what had to be looked for.
async function look() {
  shown = step;
  draw();
  try {
    if ((await find(view().search)) && isLoaded) draw();
    tellReading("");
  } catch (refusal) {
    tellReading(refusal.message);
  }
}

function drawShown(wanted = view()) {
  show(list, selected.slice(0, shown), wanted, actions);
  $("more").hidden = selected.length <= shown;
  const count = Math.max(selected.length, wanted.search || wanted.locationId ? 0 : stock.count);
  const words = t("shows", { shown: number(Math.min(shown, selected.length)), count: number(count) });
  const isCut = stock.count > mostLoaded && !wanted.search;
  $("summary").textContent =
    selected.length === 0 ? t("nothing") : isCut ? `${words} ${t("onlyFirst", { most: number(mostLoaded) })}` : words;
  followShown();
}

$("more").addEventListener("click", () => {
  const first = shown;
  shown += step;
  drawShown();
  list.children[first]?.querySelector("button")?.focus();
});

let reading = ""; // what was last said of a reading that failed

// tellReading says that something cannot be read, or takes that back; what else is said there stays.
function tellReading(words) {
  if (words || $("trouble").textContent === reading) say($("trouble"), words);
  reading = words;
}

function readThreshold() {
  const typed = readNumber(filters.threshold.value);
  filters.threshold.setAttribute("aria-invalid", String(Number.isNaN(typed)));
  if (!Number.isNaN(typed)) threshold = typed;
}

let typing;
$("filters").addEventListener("submit", (event) => event.preventDefault());
$("filters").addEventListener("input", () => {
  readThreshold();
  clearTimeout(typing);
  if (isLoaded) typing = setTimeout(look, settling); // else it is drawn as it is asked for by then
});

// Following.

function followShown() {
  const items = [...new Set(selected.slice(0, shown).flatMap((id) => itemsOf(stock.products.get(id))))];
  const fitting = followable(items);
  isPartly = fitting.length < items.length;
  if (fitting.join() === followed) return;
  stopFollowing();
  followed = fitting.join();
  if (fitting.length === 0) return say($("live"), null);
  stopFollowing = follow(fitting, {
    changed: ({ payload }) => reread(stock.productsOf.get(payload.inventoryItemId) ?? []),
    gap: () => reread(selected.slice(0, shown)),
    state(now) {
      $("live").className = `live ${now === "live" ? "on" : "off"}`;
      say($("live"), now === "waiting" ? t("waiting") : isPartly ? t("partly") : t("live"));
    },
  });
}

setInterval(() => signedIn() && isPartly && !document.hidden && reread(selected.slice(0, shown)), minute);

const changed = new Set(); // products that are to be read anew
let rereading = false;

// reread reads products anew, many changes at once and one question at a time: the gateway counts, the board shows. What
// cannot be read stays to be read.
async function reread(ids) {
  for (const id of ids) changed.add(id);
  if (rereading) return;
  rereading = true;
  for (let pause = settling; changed.size > 0 && signedIn();) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    const some = [...changed];
    changed.clear();
    try {
      await refresh(some);
      tellReading("");
      drawChanged(some);
      pause = settling;
    } catch (refusal) {
      if (signedIn()) tellReading(refusal.message);
      for (const id of some) changed.add(id);
      pause = again;
    }
  }
  rereading = false;
}

function drawChanged(ids) {
  selected = selected.filter((id) => stock.products.has(id));
  update(list, ids, view(), actions);
}

whenChanged(drawChanged);
// Who comes back to the board after a while sees what it is now, also of what is not followed.
let looked = Date.now();
document.addEventListener("visibilitychange", () => {
  if (document.hidden) looked = Date.now();
  else if (signedIn() && Date.now() - looked > minute) reread([...stock.products.keys()]);
});

readThreshold(); // a browser may have kept it over a reload
if (signedIn()) enter();
else leave();
