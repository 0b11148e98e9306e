// A shopper and a shopkeeper who use Medusa's own JS SDK: node shopper.cjs <folder with node_modules> <base URL>
// <publishable key> <e-mail> <password>. Says what it saw as JSON.
const { createRequire } = require("node:module");
const path = require("node:path");

const [folder, baseUrl, publishableKey, email, password] = process.argv.slice(2);
const Medusa = createRequire(path.join(folder, "package.json"))("@medusajs/js-sdk").default;

async function shop() {
  const { store } = new Medusa({ baseUrl, publishableKey });
  const { products } = await store.product.list({ limit: 2, fields: "*variants" });
  const { product } = await store.product.retrieve("prod_blue_dream");
  const { cart } = await store.cart.create({
    region_id: "reg_argentina", email: "shopper@cannahub.test",
    shipping_address: { first_name: "Ana", last_name: "Paz", address_1: "Honduras 1", city: "Buenos Aires", country_code: "ar", postal_code: "1414" },
  });
  const refused = await store.cart.createLineItem(cart.id, { variant_id: "variant_bd_7g", quantity: 1_000_000 }).catch((error) => error);
  await store.cart.createLineItem(cart.id, { variant_id: "variant_bd_7g", quantity: 1 });
  const { shipping_options } = await store.fulfillment.listCartOptions({ cart_id: cart.id });
  const shipped = await store.cart.addShippingMethod(cart.id, { option_id: shipping_options[0].id });
  await store.payment.initiatePaymentSession(shipped.cart, { provider_id: "pp_system_default" });
  const completed = await store.cart.complete(cart.id);
  return { products: products.length, product, refused: refused.message, type: completed.type, order: completed.order.id };
}

async function keep(order) {
  const sdk = new Medusa({ baseUrl, auth: { type: "jwt", jwtTokenStorageMethod: "memory" } });
  await sdk.auth.login("user", "emailpass", { email, password });
  const read = await sdk.admin.order.retrieve(order);
  const kept = await sdk.client.fetch("/admin/inventory-items/iitem_bd_7g/location-levels/sloc_high_up", { method: "POST", body: { stocked_quantity: 1 } })
    .catch((error) => error);
  return { order: read.order.id, status: kept.status, kept: kept.message };
}

shop()
  .then(async (seen) => console.log(JSON.stringify({ ...seen, admin: await keep(seen.order) })))
  .catch((error) => { console.error(error); process.exit(1); });
