// A Next.js site of what the README shows, as shoppers and their shop meet it: the page is read once and held, what changes
// comes to those who look at it, and the shop's signed word alone makes the page new. SITE and GATEWAY are where they are,
// EMAIL and PASSWORD a Medusa user's, SUBSCRIBER the file of the Medusa subscriber, which takes its own settings from the
// environment.
import { check, open, says, visit } from "./browser.mjs";

const { SITE, GATEWAY, EMAIL, PASSWORD, SUBSCRIBER } = process.env;
const { default: tellOfChange } = await import(SUBSCRIBER);

const product = `${SITE}/products/prod_blue_dream`;
const level = { inventoryItemId: "iitem_bd_7g", locationId: "sloc_high_up" };

await open(async (browser) => {
  const { page, faults, ignored } = await visit(browser, { others: [GATEWAY] });
  const jars = page.locator("li", { hasText: "7g, High Up" });
  const look = async () => {
    const following = page.waitForResponse((response) => response.url().startsWith(`${GATEWAY}/api/inventory/stream?`));
    await page.goto(product);
    await following;
  };

  await look();
  await says("as it was read", jars, ": 45");
  await receiveOne();
  await says("a change, live", jars, ": 46");

  const change = { name: "inventory.inventory-level.updated", data: { id: "ilev_bd_7g_high_up" } };
  const forged = await fetch(`${SITE}/api/revalidate`, {
    method: "POST",
    headers: { "webhook-id": "msg_1", "webhook-timestamp": String(Math.floor(Date.now() / 1000)), "webhook-signature": "v1,Zm9yZ2Vk" },
    body: JSON.stringify(change),
  });
  check("a forged word is refused", forged.status === 401, forged.status);
  await look();
  await says("what was read is held", jars, ": 45");

  await tellOfChange({ event: change });
  await look();
  await says("the shop's word makes it new", jars, ": 46");

  check("faults", faults.length === 0, faults.join("\n  "));
  ignored.add(404);
  await page.goto(`${SITE}/products/prod_none`);
  await says("what is not there", page.locator("p"), "No such product.");
});

// receiveOne puts one more jar there.
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
  await post("/api/inventory/adjustments", { ...level, adjustment: 1, reason: "received" }, { authorization: `Bearer ${token}` });
}
