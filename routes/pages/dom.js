export const $ = (id) => document.getElementById(id);

// el makes an element: its attributes (on… are listeners) and what is in it; what is false or null is left out of both.
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value == null) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child != null && child !== false));
  return element;
}

// say puts a text where it is read out, or takes it away.
export function say(element, text) {
  element.hidden = !text;
  element.textContent = text ?? "";
}

// alertIn is where a form or dialog says what went wrong.
export const alertIn = (element) => element.querySelector("[role=alert]");

// keepFocus leaves the focus where it is while elements are replaced by others with the same data-key.
export function keepFocus(replace) {
  const key = document.activeElement?.dataset?.key;
  replace();
  if (key) focusOn(key);
}

export const focusOn = (key) => document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();

// busy disables the buttons of an element until work is done.
export async function busy(element, work) {
  const pressed = document.activeElement;
  const buttons = [...element.querySelectorAll("button:not([data-close], :disabled)")];
  for (const button of buttons) button.disabled = true;
  try {
    return await work();
  } finally {
    for (const button of buttons) button.disabled = false;
    if (document.activeElement === document.body) pressed.focus(); // which a disabled button loses
  }
}

for (const button of document.querySelectorAll("dialog [data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
