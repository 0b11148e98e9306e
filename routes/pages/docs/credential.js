// The box for the credentials that every request carries which is tried: of who is signed in, here or at the stock board, or
// keys of Medusa's.
import { $, busy, el } from "../dom.js";
import { actor, address, admit, ask, Refusal, signedIn, signIn, signInWith, signOut, token, whenSignedOut } from "../session.js";
import { t } from "../text.js";

// The publishable key is kept in sessionStorage, as the token is. A secret key has no end, and a browser that is to open its
// tabs again keeps what is there on its disk: it is held in memory alone.
const kept = "cannahub-publishable-key";
const form = $("credential");
const keys = { secret: null, publishable: sessionStorage.getItem(kept) };
let name; // of who is signed in
let changed = () => {};

// held are the credentials to carry. A secret key goes before who is signed in: both would be in the same header.
export const held = () => ({ ...keys, token: keys.secret ? null : token() });

// whenHeld tells now and whenever they change.
export function whenHeld(tell) {
  changed = tell;
  tell();
}

function keep(kind, key) {
  keys[kind] = key;
  if (keys.publishable) sessionStorage.setItem(kept, keys.publishable);
  else sessionStorage.removeItem(kept);
  show();
}

function leave() {
  signOut();
  show();
}

async function meet() {
  name = actor();
  show();
  name = await address().catch(() => name);
  show();
}

function show() {
  const lines = [
    keys.secret && line(t("signedIn"), brief(keys.secret), t("remove"), () => keep("secret", null)),
    !keys.secret && signedIn() && line(t("signedIn"), name, t("signOut"), leave),
    keys.publishable && line(t("publishable"), brief(keys.publishable), t("remove"), () => keep("publishable", null)),
  ].filter(Boolean);
  $("held").replaceChildren(...lines);
  $("held").hidden = lines.length === 0;
  changed();
}

function line(label, name, action, act) {
  const click = () => {
    act();
    tell("");
    form.elements.way.forEach((way) => way.checked && way.focus());
  };
  return el("li", {}, `${label} `, el("strong", {}, name), el("button", { type: "button", class: "button small", onclick: click }, action));
}

const brief = (key) => (key.length > 12 ? `${key.slice(0, 6)}…${key.slice(-4)}` : key);

function tell(text, kind = "") {
  $("said").className = text && `notice ${kind}`;
  $("said").textContent = text;
}

// ways are how each kind of credential is taken: the gateway is asked whether it is good.
const ways = {
  async user({ email, password }) {
    await signIn(email, password);
    keep("secret", null);
    meet();
  },
  async token({ token }) {
    if (token.startsWith("sk_")) {
      await admit({ Authorization: `Basic ${btoa(`${token}:`)}` });
      return keep("secret", token);
    }
    await signInWith(token);
    keep("secret", null);
    meet();
  },
  async publishable({ publishable }) {
    const question = { items: [{ inventory_item_id: "-", required_quantity: 1 }] };
    await ask("store/inventory-items/availability", { body: question, credentials: { "x-publishable-api-key": publishable } });
    keep("publishable", publishable);
  },
};

const fieldsOf = (way) => [...form.querySelectorAll(`[data-way="${way}"] input`)];

function chooseWay() {
  for (const fields of form.querySelectorAll("[data-way]")) fields.hidden = fields.dataset.way !== form.elements.way.value;
  unmark();
  tell("");
}

function unmark() {
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
}

// wrong is what can be said of what was given before the gateway is asked.
const wrong = (words) => new Refusal(400, { detail: words });

async function take() {
  const way = form.elements.way.value;
  const fields = fieldsOf(way);
  unmark();
  const given = Object.fromEntries(fields.map(({ name, value }) => [name, name === "password" ? value : value.trim()]));
  const empty = fields.find(({ name }) => !given[name]);
  try {
    if (empty) throw wrong(t("missing"));
    // A header takes no others, and none of Medusa's keys has them.
    if (way !== "user" && !Object.values(given).every((key) => /^[!-~]+$/.test(key))) throw wrong(t("oddKey"));
    await busy(form, () => ways[way](given));
    for (const field of fields) field.value = "";
    tell(t("taken"), "good");
  } catch (refusal) {
    tell(refusal.message, "bad");
    if (![400, 401].includes(refusal.status)) return; // it is not for what was given
    for (const field of empty ? [empty] : fields) field.setAttribute("aria-invalid", "true");
    (empty ?? fields.at(-1)).focus();
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  take();
});
form.addEventListener("input", unmark);
form.addEventListener("change", (event) => event.target.name === "way" && chooseWay());
whenSignedOut(() => {
  leave();
  tell(t("signInAgain"), "bad");
});
chooseWay();
if (signedIn()) meet();
else show();
