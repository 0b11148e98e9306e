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
export const fromTo = (before, after) => `${number(before)} → ${number(after)}`;
export const grams = (weight) => `${number(weight)} g`;
export const time = (timestamp) => times.format(new Date(timestamp));

const separator = quantities.formatToParts(12345.6).find(({ type }) => type === "group").value;

// isAmbiguous says whether what somebody typed may have its thousands set apart: 1.234 where that is 1234 in the page's
// language.
export const isAmbiguous = (typed) => new RegExp(`^[+-]?[1-9]\\d{0,2}(\\${separator}\\d{3})+$`).test(typed.trim().replace("−", "-"));

// readNumber reads what somebody typed: a decimal comma or point, a sign. NaN if it is no number, can be read in two ways, or
// has more digits than stock is kept in.
export function readNumber(typed) {
  if (isAmbiguous(typed)) return NaN;
  const text = typed.trim().replace(",", ".").replace("−", "-");
  return /^[+-]?\d{1,12}(\.\d{1,3})?$/.test(text) ? Number(text) : NaN;
}

// sum of quantities with three decimals, without the traces of binary fractions.
export const sum = (...quantities) => Math.round(quantities.reduce((a, b) => a + b, 0) * 1000) / 1000;

// plain is a text without case and accents, for searching.
export const plain = (text) => (text ?? "").normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

// reasonInWords is a recommended reason in the page's language, any other as it was written.
export const reasonInWords = (reason) => texts[`reason_${reason}`] ?? reason;
