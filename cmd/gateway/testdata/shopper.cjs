// A shopper and a shopkeeper who use Medusa's own JS SDK: node shopper.cjs <folder with node_modules> <base URL>
// <publishable key> <e-mail> <password>. Says what it saw as JSON.
const { createRequire } = require("node:module");
const path = require("node:path");

const [folder, baseUrl, publishableKey, email, password] = process.argv.slice(2);
const Medusa = createRequire(path.join(folder, "package.json"))("@medusajs/js-sdk").default;

// A browser keeps cookies, which Node does not; and who ends TLS before the gateway says so.
function asABrowser() {
  const cookies = new Map();
  const fetch = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const headers = new Headers(init.headers);
    headers.set("X-Forwarded-Proto", "https");
    if (init.credentials === "include" && cookies.size > 0) headers.set("Cookie", [...cookies].map((cookie) => cookie.join("=")).join("; "));
    const answer = await fetch(input, { ...init, headers });
    for (const cookie of answer.headers.getSetCookie()) cookies.set(...cookie.split(";")[0].split(/=(.*)/));
    return answer;
  };
}

const address = { first_name: "Ana", last_name: "Paz", address_1: "Honduras 1", city: "Buenos Aires", country_code: "ar", postal_code: "1414" };

async function checkOut({ store }, cart) {
  const { shipping_options } = await store.fulfillment.listCartOptions({ cart_id: cart.id });
  const shipped = await store.cart.addShippingMethod(cart.id, { option_id: shipping_options[0].id });
  await store.payment.initiatePaymentSession(shipped.cart, { provider_id: "pp_system_default" });
  return store.cart.complete(cart.id);
}

async function shop() {
  const sdk = new Medusa({ baseUrl, publishableKey });
  const { store } = sdk;
  const { products } = await store.product.list({ limit: 2, fields: "*variants" });
  const { product } = await store.product.retrieve("prod_blue_dream");
  const { cart } = await store.cart.create({ region_id: "reg_argentina", email: "shopper@cannahub.test", shipping_address: address });
  const refused = await store.cart.createLineItem(cart.id, { variant_id: "variant_bd_7g", quantity: 1_000_000 }).catch((error) => error);
  await store.cart.createLineItem(cart.id, { variant_id: "variant_bd_7g", quantity: 1 });
  const completed = await checkOut(sdk, cart);
  return { products: products.length, product, refused: refused.message, type: completed.type, order: completed.order.id };
}

// A customer who signs up, signs in, buys and signs out.
async function buy(auth) {
  const sdk = new Medusa({ baseUrl, publishableKey, auth });
  const who = { email: `${auth.type}@cannahub.test`, password: "cannahub-shopper" };
  const token = await sdk.auth.register("customer", "emailpass", who);
  const { customer } = await sdk.store.customer.create({ email: who.email }, {}, { Authorization: `Bearer ${token}` });
  await sdk.auth.login("customer", "emailpass", who);
  const { cart } = await sdk.store.cart.create({ region_id: "reg_argentina", shipping_address: address });
  await sdk.store.cart.createLineItem(cart.id, { variant_id: "variant_bd_3_5g", quantity: 2 });
  const { availability } = await sdk.client.fetch("/store/inventory-items/availability", {
    method: "POST", body: { items: [{ inventory_item_id: "iitem_bd_3_5g", required_quantity: 1 }] },
  });
  const { order } = await checkOut(sdk, cart);
  const { orders } = await sdk.store.order.list();
  await sdk.auth.logout();
  const signedOut = await sdk.store.order.list().catch((error) => error);
  return { customer: customer.id, cartOf: cart.customer_id, availability, order: order.id, orders: orders.map(({ id }) => id), signedOut: signedOut.status };
}

async function keep(order) {
  const sdk = new Medusa({ baseUrl, auth: { type: "jwt", jwtTokenStorageMethod: "memory" } });
  await sdk.auth.login("user", "emailpass", { email, password });
  const read = await sdk.admin.order.retrieve(order);
  const kept = await sdk.client.fetch("/admin/inventory-items/iitem_bd_7g/location-levels/sloc_high_up", { method: "POST", body: { stocked_quantity: 1 } })
    .catch((error) => error);
  return { order: read.order.id, status: kept.status, kept: kept.message };
}

async function main() {
  asABrowser();
  const seen = await shop();
  const customers = [];
  for (const auth of [{ type: "jwt", jwtTokenStorageMethod: "memory" }, { type: "session" }]) customers.push(await buy(auth));
  return { ...seen, customers, admin: await keep(seen.order) };
}

main()
  .then((seen) => console.log(JSON.stringify(seen)))
  .catch((error) => { console.error(error); process.exit(1); });
