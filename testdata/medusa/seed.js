// Run by `medusa exec`: puts the catalogue into an empty Medusa with its ids as they are, and writes the API keys it made to SEED_KEYS.
// Services and links are called directly: the workflows would give a managed variant without an item one of its own.
const { readFileSync, writeFileSync } = require("node:fs");
const { ContainerRegistrationKeys, Modules } = require("@medusajs/framework/utils");

module.exports.default = async function seed({ container }) {
  const catalogue = JSON.parse(readFileSync(process.env.CATALOGUE, "utf8"));
  const service = (name) => container.resolve(Modules[name]);
  const links = [];

  await removeDefaults(service);
  await createShop(service, links, catalogue);
  await createStock(service, catalogue);
  await createProducts(service, links, catalogue.products);
  await createUser(service);
  const keys = await createKeys(service, links, catalogue.sales_channels);
  await container.resolve(ContainerRegistrationKeys.LINK).create(links);
  await deleteLocations(service, catalogue.stock_locations);

  writeFileSync(process.env.SEED_KEYS, JSON.stringify(keys));
};

// A Medusa that finds nothing makes a store, a sales channel, a shipping profile and a key of its own when it starts.
async function removeDefaults(service) {
  const ids = (rows) => rows.map(({ id }) => id);
  await service("STORE").deleteStores(ids(await service("STORE").listStores()));
  await service("SALES_CHANNEL").deleteSalesChannels(ids(await service("SALES_CHANNEL").listSalesChannels()));
  await service("FULFILLMENT").deleteShippingProfiles(ids(await service("FULFILLMENT").listShippingProfiles()));
  const keys = ids(await service("API_KEY").listApiKeys());
  await service("API_KEY").revoke({ id: keys }, { revoked_by: "seed" });
  await service("API_KEY").deleteApiKeys(keys);
}

async function createShop(service, links, { store, sales_channels, shipping_profiles, stock_locations }) {
  await service("SALES_CHANNEL").createSalesChannels(sales_channels);
  await service("FULFILLMENT").createShippingProfiles(shipping_profiles);
  await service("REGION").createRegions({ id: "reg_argentina", name: "Argentina", currency_code: "ars", countries: ["ar"] });
  await service("STORE").createStores({ ...store, default_sales_channel_id: sales_channels[0].id, default_region_id: "reg_argentina" });
  await service("STOCK_LOCATION").createStockLocations(
    stock_locations.map(({ sales_channel_ids, deleted, address, ...location }) => ({ ...location, ...(address && { address }) })),
  );
  links.push({ [Modules.REGION]: { region_id: "reg_argentina" }, [Modules.PAYMENT]: { payment_provider_id: "pp_system_default" } });
  for (const location of stock_locations) {
    for (const sales_channel_id of location.sales_channel_ids) {
      links.push({ [Modules.SALES_CHANNEL]: { sales_channel_id }, [Modules.STOCK_LOCATION]: { stock_location_id: location.id } });
    }
  }
}

async function createStock(service, { inventory_items, reservations }) {
  await service("INVENTORY").createInventoryItems(inventory_items.map(({ location_levels, ...item }) => item));
  await service("INVENTORY").createInventoryLevels(
    inventory_items.flatMap((item) => item.location_levels.map((level) => ({ ...level, inventory_item_id: item.id }))),
  );
  // Some reserve more than there is, as a shop that sells on backorder does.
  await service("INVENTORY").createReservationItems(reservations.map((reservation) => ({ ...reservation, allow_backorder: true })));
}

async function createProducts(service, links, products) {
  const [{ id: shipping_profile_id }] = await service("FULFILLMENT").listShippingProfiles({ type: "default" });
  const variants = products.flatMap((product) => product.variants);

  // Medusa wants each variant to be told apart by an option; the catalogue has none, so the variant's id is its value.
  await service("PRODUCT").createProducts(
    products.map(({ sales_channel_ids, variants, ...product }) => ({
      ...product,
      options: [{ title: "Presentación", values: variants.map(({ id }) => id) }],
      variants: variants.map(({ prices, inventory_items, ...variant }, position) => ({
        ...variant,
        variant_rank: position,
        options: { Presentación: variant.id },
      })),
    })),
  );
  await service("PRICING").createPriceSets(variants.map(({ id, prices }) => ({ id: priceSetId(id), prices })));

  for (const { id: product_id, sales_channel_ids } of products) {
    links.push({ [Modules.PRODUCT]: { product_id }, [Modules.FULFILLMENT]: { shipping_profile_id } });
    for (const sales_channel_id of sales_channel_ids) {
      links.push({ [Modules.PRODUCT]: { product_id }, [Modules.SALES_CHANNEL]: { sales_channel_id } });
    }
  }
  for (const { id: variant_id, inventory_items } of variants) {
    links.push({ [Modules.PRODUCT]: { variant_id }, [Modules.PRICING]: { price_set_id: priceSetId(variant_id) } });
    for (const { inventory_item_id, required_quantity } of inventory_items) {
      links.push({ [Modules.PRODUCT]: { variant_id }, [Modules.INVENTORY]: { inventory_item_id }, data: { required_quantity } });
    }
  }
}

const priceSetId = (variantId) => variantId.replace("variant_", "pset_");

async function createUser(service) {
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = process.env;
  const user = await service("USER").createUsers({ email });
  const { authIdentity, error } = await service("AUTH").register("emailpass", { body: { email, password } });
  if (error) throw new Error(error);
  await service("AUTH").updateAuthIdentities({ id: authIdentity.id, app_metadata: { user_id: user.id } });
}

// One publishable key for each sales channel, by its id, and a secret one.
async function createKeys(service, links, salesChannels) {
  const keys = { publishable: {} };
  for (const { id: sales_channel_id, name } of salesChannels) {
    const { id, token } = await service("API_KEY").createApiKeys({ title: name, type: "publishable", created_by: "seed" });
    links.push({ [Modules.API_KEY]: { publishable_key_id: id }, [Modules.SALES_CHANNEL]: { sales_channel_id } });
    keys.publishable[sales_channel_id] = token;
  }
  keys.secret = (await service("API_KEY").createApiKeys({ title: "Gateway", type: "secret", created_by: "seed" })).token;
  return keys;
}

// By the service alone, so that the levels stay: Medusa's own route would take them along.
async function deleteLocations(service, locations) {
  const ids = locations.filter(({ deleted }) => deleted).map(({ id }) => id);
  await service("STOCK_LOCATION").softDeleteStockLocations(ids);
}
