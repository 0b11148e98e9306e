// What the page says, in the language in which the gateway sent it.

const texts = JSON.parse(document.getElementById("texts").textContent);
export const language = document.documentElement.lang;

// t is a text with its {places} filled in.
export function t(name, places = {}) {
  return texts[name].replace(/\{(\w+)\}/g, (_, place) => places[place]);
}

const quantities = new Intl.NumberFormat(language, { maximumFractionDigits: 3 });
const times = new Intl.DateTimeFormat(language, { dateStyle: "short", timeStyle: "medium" });

export const number = (quantity) => quantities.format(quantity);
export const signed = (quantity) => (quantity > 0 ? "+" : "") + number(quantity);
export const grams = (weight) => `${number(weight)} g`;
export const time = (timestamp) => times.format(new Date(timestamp));

// readNumber reads what somebody typed: a decimal comma or point, a sign. NaN if it is no number, or has more digits
// than stock is kept in.
export function readNumber(typed) {
  const text = typed.trim().replace(",", ".").replace("−", "-");
  return /^[+-]?\d{1,12}(\.\d{1,3})?$/.test(text) ? Number(text) : NaN;
}

// sum of quantities with three decimals, without the traces of binary fractions.
export const sum = (...quantities) => Math.round(quantities.reduce((a, b) => a + b, 0) * 1000) / 1000;

// plain is a text without case and accents, for searching.
export const plain = (text) => (text ?? "").normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

// reasonInWords is a recommended reason in the page's language, any other as it was written.
export const reasonInWords = (reason) => texts[`reason_${reason}`] ?? reason;
