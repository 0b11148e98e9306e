// A Next.js site of what the README shows, as shoppers and their shop meet it: what a page reads is held, what changes comes
// to those who look at it, and the shop's signed word alone has it read anew. SITE and GATEWAY are where they are,
// EMAIL and PASSWORD a Medusa user's, SUBSCRIBER the file of the Medusa subscriber, which takes its own settings from the
// environment.
import { createHmac } from "node:crypto";
import { check, open, says, visit } from "./browser.mjs";

const { SITE, GATEWAY, EMAIL, PASSWORD, SUBSCRIBER, WEBHOOK_SECRET } = process.env;
const { default: tellOfChange } = await import(SUBSCRIBER);

const item = "iitem_alerta_tres"; // of the bong, of which there are 2 at its best location
const place = "sloc_high_up";
const address = (product) => `${SITE}/products/${product}`;

await open(async (browser) => {
  const { page, faults, ignored } = await visit(browser, { others: [GATEWAY], ignore: [502, 503] });
  const bong = page.locator("li", { hasText: "Bong" });

  // A stream that is refused at first, as by a proxy while the gateway starts, is followed all the same.
  await page.route("**/api/inventory/stream?*", (route) => route.fulfill({ status: 502 }), { times: 1 });
  const asked = page.waitForResponse((response) => response.url().endsWith("/api/inventory/availability") && response.ok());
  await page.goto(address("prod_accesorios"));
  await says("as it was read", bong, "Bong: Only 2 left");
  await asked; // which it does when it follows
  await page.route("**/api/inventory/availability", (route) => route.fulfill({ status: 503 }), { times: 1 }); // too much to do
  await receiveOne();
  await says("a change, live", bong, "Bong: Only 3 left");

  const change = { name: "inventory.inventory-level.updated", data: { id: "ilev_alerta_tres_high_up" } };
  const body = JSON.stringify(change);
  const now = Math.floor(Date.now() / 1000);
  for (const [name, timestamp, signature] of [
    ["forged", now, "v1,Zm9yZ2Vk"],
    ["no base64", now, "v1,!!!"],
    ["none", now, ""],
    ["of another body", now, signed(now, "{}")],
    ["of ten minutes ago", now - 600, signed(now - 600, body)],
  ]) {
    const status = await hook(timestamp, signature, body);
    check(`a signature that is ${name}`, status === 401, status);
  }
  await shows("what was read is held", "prod_accesorios", "Bong: Only 2 left");
  await tellOfChange({ event: change });
  await shows("the shop's word makes it new", "prod_accesorios", "Bong: Only 3 left");

  // While a secret is changed, a hook has a signature of each.
  const both = await hook(now, `v1,Zm9yZ2Vk ${signed(now, body)}`, body);
  check("one signature of two is good", both === 204, both);

  // Shoppers see what their key shows, and no more.
  const blueDream = await shows("another product", "prod_blue_dream", "14g: In stock");
  check("a location that is not the key's", !blueDream.includes("sloc_mayorista"));
  ignored.add(404);
  for (const product of ["prod_borrador", "prod_none"]) {
    const answer = await page.goto(address(product));
    check(`${product} is not there`, answer.status() === 404, answer.status());
  }
  check("faults", faults.length === 0, faults.join("\n  "));
});

// signed is a hook's signature by a secret that is no `whsec_…`.
function signed(timestamp, body) {
  return `v1,${createHmac("sha256", WEBHOOK_SECRET).update(`msg_1.${timestamp}.${body}`).digest("base64")}`;
}

// hook sends one to the site, and returns the status of the answer.
async function hook(timestamp, signature, body) {
  const headers = { "webhook-id": "msg_1", "webhook-timestamp": String(timestamp), "webhook-signature": signature };
  return (await fetch(`${SITE}/api/revalidate`, { method: "POST", headers, body })).status;
}

// shows looks for a text in the page of a product as the site sends it, and returns that page.
async function shows(name, product, text) {
  const page = (await (await fetch(address(product))).text()).replaceAll("<!-- -->", "");
  check(name, page.includes(text), page.match(/<main>.*<\/main>/)?.[0]);
  return page;
}

// receiveOne puts one more there.
async function receiveOne() {
  const post = async (path, body, headers) => {
    const answer = await fetch(`${GATEWAY}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
    const said = await answer.json();
    check(`POST ${path}`, answer.ok, JSON.stringify(said));
    return said;
  };
  const { token } = await post("/auth/user/emailpass", { email: EMAIL, password: PASSWORD });
  const received = { inventoryItemId: item, locationId: place, adjustment: 1, reason: "received" };
  await post("/api/inventory/adjustments", received, { authorization: `Bearer ${token}` });
}
