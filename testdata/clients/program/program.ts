// Uses every route of the gateway as a front end would. It does not compile when the document has a route that is not
// among these, and fails when one was not called.
import createClient, { type Middleware } from "openapi-fetch";
import { answered, refused } from "./errors.js";
import { events, messages, next } from "./live.js";
import tellOfChange from "./medusa/gateway.js";
import { sellInShop } from "./shop.js";
import type { components, paths } from "./schema.js";

type Method = "get" | "put" | "post" | "delete" | "patch";

/** All operations of the document, such as "GET /api/inventory". */
type Operation = {
  [Path in keyof paths & string]: {
    [M in Method & keyof paths[Path]]: NonNullable<paths[Path][M]> extends never ? never : `${Uppercase<M>} ${Path}`;
  }[Method & keyof paths[Path]];
}[keyof paths & string];

/** Those of Medusa's own API that the gateway adds something to. */
type OfMedusa = Extract<Operation, `${string} /store/${"products" | "carts"}${string}`>;

const setting = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
};
const baseUrl = setting("GATEWAY_URL");
const publishableKey = setting("PUBLISHABLE_KEY");

const used = new Set<string>();
const noting: Middleware = {
  onRequest({ request, schemaPath }) {
    used.add(`${request.method} ${schemaPath}`);
    return undefined;
  },
};
const shopper = createClient<paths>({ baseUrl, headers: { "x-publishable-api-key": publishableKey } });
const staff = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${await signIn()}`, "accept-language": "es" } });
shopper.use(noting);
staff.use(noting);

/** Medusa's own route, through the gateway. */
async function signIn(): Promise<string> {
  const answer = await fetch(`${baseUrl}/auth/user/emailpass`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email: setting("EMAIL"), password: setting("PASSWORD") }),
  });
  const { token } = (await answer.json()) as { token?: string };
  if (!token) throw new Error(`no token: ${answer.status}`);
  return token;
}

/** A new key for each change; the same one again for the same change. */
const once = (key: string = crypto.randomUUID()) => ({ header: { "Idempotency-Key": key } });

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`it is not so that ${what}`);
}

function first<T>(list: readonly T[], what: string): T {
  const [element] = list;
  if (element === undefined) throw new Error(`there is no ${what}`);
  return element;
}

const item = "iitem_bd_7g";
const variant = "variant_bd_7g";
const product = "prod_blue_dream";
const location = "sloc_high_up";
let hold: components["schemas"]["HoldDetail"];
let made: components["schemas"]["Location"];

const adjust = (adjustment: number, key?: string) =>
  staff.POST("/api/inventory/adjustments", {
    params: once(key),
    body: { variantId: variant, locationId: location, adjustment, reason: "correction" },
  });

const uses: Record<Exclude<Operation, OfMedusa>, () => Promise<void>> = {
  "GET /healthz": async () => {
    const { status } = await answered(staff.GET("/healthz"));
    check(status === "ok", "it lives");
  },
  "GET /readyz": async () => {
    const { checks } = await answered(staff.GET("/readyz"));
    check(checks?.medusa === "ok" && checks.database === "ok", "it is ready");
  },
  "GET /api/inventory": async () => {
    const { items, count } = await answered(staff.GET("/api/inventory", { params: { query: { locationId: location, search: "blue", id: [item], limit: 5 } } }));
    const level = first(first(items, "item").locationLevels, "level");
    check(count === 1 && level.locationName !== null, "one item is found, at a place with a name");
    check(level.availableQuantity === level.stockedQuantity - level.reservedQuantity, "available is stocked less reserved");
  },
  "GET /api/inventory/alerts": async () => {
    const { alerts } = await answered(staff.GET("/api/inventory/alerts", { params: { query: { threshold: 5 } } }));
    const { status }: { status: "out_of_stock" | "low_stock" } = first(alerts, "alert");
    check(status === "out_of_stock", "the scarcest is first");
  },
  "GET /api/inventory/{id}": async () => {
    const found = await answered(staff.GET("/api/inventory/{id}", { params: { path: { id: variant } } }));
    check(found.item.id === item, "a variant stands for its item");
    const problem = await refused(answered(staff.GET("/api/inventory/{id}", { params: { path: { id: "iitem_nope" } } })));
    check(problem.code === "INVENTORY_ITEM_NOT_FOUND" && problem.status === 404, "an unknown item is told as such");
    // @ts-expect-error There is no such code.
    check(problem.code !== "OUT_OF_STOCK", "codes are typed");
  },
  "PATCH /api/inventory/levels": async () => {
    const { level } = await answered(
      staff.PATCH("/api/inventory/levels", { params: once(), body: { inventoryItemId: item, locationId: location, stockedQuantity: 60, reason: "cycleCount" } }),
    );
    check(level.stockedQuantity === 60, "it is what was counted");
    const problem = await refused(
      answered(staff.PATCH("/api/inventory/levels", { params: once(), body: { inventoryItemId: item, locationId: location, stockedQuantity: 1, expectedQuantity: 48 } })),
    );
    switch (problem.code) {
      case "STOCK_CHANGED":
        check(problem.level?.stockedQuantity === 60, "the refusal has the level as it is");
        break;
      case "VALIDATION_FAILED":
        throw new Error(problem.errors?.map(({ pointer, detail }) => `${pointer}: ${detail}`).join("; "));
      default:
        throw new Error(problem.detail);
    }
  },
  "POST /api/inventory/adjustments": async () => {
    const key = crypto.randomUUID();
    const { level, adjustment } = await answered(adjust(-2, key));
    check(adjustment.previousQuantity - level.stockedQuantity === 2, "two are sold");
    const again = await adjust(-2, key);
    check(again.data?.adjustment.id === adjustment.id && again.response.headers.get("Idempotent-Replayed") === "true", "they are sold once");
  },
  "POST /api/inventory/batch-update": async () => {
    const batch = await staff.POST("/api/inventory/batch-update", {
      params: once(),
      body: {
        updates: [
          { variantId: "variant_bd_1g", locationId: location, quantity: 150 },
          { variantId: "variant_nope", locationId: location, quantity: 75 },
        ],
      },
    });
    const { updated, results } = await answered(Promise.resolve(batch));
    check(batch.response.status === 207 && updated === 1, "one row of two is made");
    const problem = results.find((row) => row.status !== "success");
    check(problem?.code === "VARIANT_NOT_FOUND" && problem.error !== undefined, "the other tells why it is not");
  },
  "DELETE /api/inventory/levels": async () => {
    const empty = { inventoryItemId: "iitem_sin_nivel", locationId: location };
    await answered(staff.PATCH("/api/inventory/levels", { params: once(), body: { ...empty, incomingQuantity: 24 } }));
    const { deleted } = await answered(staff.DELETE("/api/inventory/levels", { params: once(), body: empty }));
    check(deleted, "it is deleted");
  },
  "GET /api/inventory/audit": async () => {
    const { entries } = await answered(staff.GET("/api/inventory/audit", { params: { query: { variantId: variant, limit: 1 } } }));
    const { state, actor, adjustment } = first(entries, "entry");
    check(state === "applied" && actor?.type === "user" && adjustment === -2, "the sale is in the audit");
  },
  "GET /api/products/with-inventory": async () => {
    const { products } = await answered(staff.GET("/api/products/with-inventory", { params: { query: { id: [product], currencyCode: "ARS" } } }));
    check(first(products, "product").product.variants.every(({ weight }) => weight > 0), "every variant has a weight");
  },
  "GET /api/products/{id}/with-inventory": async () => {
    const { inventory, totalInventoryGrams } = await answered(staff.GET("/api/products/{id}/with-inventory", { params: { path: { id: product } } }));
    const grams = inventory[variant]?.totalGrams;
    check(grams !== undefined && grams < totalInventoryGrams, "one variant is not all of the product");
  },
  "GET /api/products/{id}/stock": async () => {
    const { stock } = await answered(staff.GET("/api/products/{id}/stock", { params: { path: { id: product } } }));
    check(stock.some((row) => row.variantId === variant && row.locationId === location), "the level has a row");
  },
  "POST /api/inventory/availability": async () => {
    const { availability, stale } = await answered(shopper.POST("/api/inventory/availability", { body: { items: [{ variantId: variant, requiredQuantity: 1 }] } }));
    const best = first(availability, "availability");
    check(best.isAvailable && best.status === "in_stock" && (best.availableQuantity ?? 0) > 1 && !stale, "it can be had");
  },
  "POST /store/inventory-items/availability": async () => {
    const { availability } = await answered(
      shopper.POST("/store/inventory-items/availability", { body: { items: [{ inventory_item_id: item, required_quantity: 1 }] } }),
    );
    check(first(availability, "availability").is_available, "it can be had, in Medusa's spelling");
  },
  "POST /api/cart/validate": async () => {
    const { isValid, errors } = await answered(shopper.POST("/api/cart/validate", { body: { items: [{ variantId: variant, quantity: 100000 }] } }));
    check(!isValid && first(errors, "error").code === "INSUFFICIENT_STOCK", "so many cannot be bought");
  },
  "GET /api/inventory/stream": async () => {
    const stop = new AbortController();
    const stream = await answered(
      shopper.GET("/api/inventory/stream", { params: { query: { inventoryItemId: [item] } }, parseAs: "stream", signal: stop.signal }),
    );
    check(stream !== null, "there is a stream");
    const heard = events(stream);
    await next(heard, "subscribed");
    const { level } = await answered(adjust(1));
    const { payload, sequence } = await next(heard, "inventory_level.updated");
    check(payload.locationId === location && payload.stockedQuantity === level.stockedQuantity && sequence !== "", "the change is told");
    stop.abort();
  },
  "GET /ws": async () => {
    used.add("GET /ws");
    const socket = new WebSocket(`${baseUrl.replace(/^http/, "ws")}/ws?publishableKey=${encodeURIComponent(publishableKey)}`);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error("the WebSocket does not open"));
    });
    const heard = messages(socket);
    socket.send(JSON.stringify({ type: "subscribe", entity: "inventory_level", filters: { inventory_item_id: [item] } }));
    await next(heard, "subscribed");
    const { level } = await answered(adjust(1));
    const { payload } = await next(heard, "inventory_level.updated");
    check(payload.location_id === location && payload.stocked_quantity === level.stockedQuantity, "the change is told, in Medusa's spelling");
    await heard.return(undefined);
  },
  "POST /hooks/medusa": async () => {
    const body: components["schemas"]["Hook"] = { event: "inventory.inventory-level.updated", data: { id: "ilev_bd_7g_high_up" } };
    const id = `msg_${crypto.randomUUID()}`;
    const timestamp = String(Math.floor(Date.now() / 1000));
    const { response } = await staff.POST("/hooks/medusa", {
      params: {
        header: { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": await signed(`${id}.${timestamp}.${JSON.stringify(body)}`) },
      },
      body,
    });
    check(response.status === 204, "the hook is taken");
    await tellOfChange({ event: { name: body.event, data: body.data } }); // who runs this asks the gateway's metrics for both
  },
  "POST /api/reservations": async () => {
    hold = await answered(
      staff.POST("/api/reservations", {
        params: once(),
        body: {
          items: [{ variantId: variant, quantity: 2 }, { variantId: "variant_bd_1g", quantity: 1 }, { sku: "PR-OGK", quantity: 3 }],
          cartId: "cart_8841",
        },
      }),
    );
    check(hold.reservations.length === 3 && hold.expiresAt !== null, "three are held, for a time");
  },
  "GET /api/reservations": async () => {
    const { reservations } = await answered(staff.GET("/api/reservations", { params: { query: { cartId: "cart_8841" } } }));
    check(reservations.some(({ holdId }) => holdId === hold.holdId), "what is held is listed");
  },
  "GET /api/reservations/{id}": async () => {
    const found = await answered(staff.GET("/api/reservations/{id}", { params: { path: { id: hold.holdId } } }));
    check("reservations" in found && found.reservations.length === 3, "the hold is found by its id");
  },
  "PATCH /api/reservations/{id}": async () => {
    const { id } = first(hold.reservations, "reservation");
    const changed = await answered(staff.PATCH("/api/reservations/{id}", { params: { path: { id }, ...once() }, body: { quantity: 3 } }));
    check("reservation" in changed && changed.reservation.quantity === 3, "one more is held");
  },
  "DELETE /api/reservations/{id}": async () => {
    const { id } = first(hold.reservations, "reservation");
    const { deleted } = await answered(staff.DELETE("/api/reservations/{id}", { params: { path: { id }, ...once() } }));
    check(deleted, "one is released");
  },
  "POST /api/reservations/{id}/confirm": async () => {
    const { id } = first(hold.reservations.slice(1), "reservation");
    const { adjustments } = await answered(staff.POST("/api/reservations/{id}/confirm", { params: { path: { id }, ...once() }, body: { reference: "ticket 8841" } }));
    check(first(adjustments, "adjustment").reason === "sale", "one is sold");
  },
  "POST /api/reservations/{id}/release": async () => {
    const { released } = await answered(staff.POST("/api/reservations/{id}/release", { params: { path: { id: hold.holdId }, ...once() } }));
    check(released, "the rest is released");
  },
  "GET /api/locations": async () => {
    const { locations } = await answered(staff.GET("/api/locations", { params: { query: { search: "palermo" } } }));
    check(first(locations, "location").address?.country_code === "AR", "it is in Argentina");
  },
  "POST /api/locations": async () => {
    ({ location: made } = await answered(
      staff.POST("/api/locations", { params: once(), body: { name: "Depósito Sur", address: { address_1: "Ruta 2 km 50", country_code: "AR" }, metadata: { club: "sur" } } }),
    ));
  },
  "GET /api/locations/{id}": async () => {
    const found = await answered(staff.GET("/api/locations/{id}", { params: { path: { id: made.id } } }));
    check(found.location.metadata?.["club"] === "sur", "it was made as asked");
  },
  "PATCH /api/locations/{id}": async () => {
    const changed = await answered(staff.PATCH("/api/locations/{id}", { params: { path: { id: made.id }, ...once() }, body: { metadata: { club: null } } }));
    check(changed.location.name === made.name && !changed.location.metadata?.["club"], "what is not sent stays");
  },
  "DELETE /api/locations/{id}": async () => {
    const { deleted } = await answered(staff.DELETE("/api/locations/{id}", { params: { path: { id: made.id }, query: { force: true }, ...once() } }));
    check(deleted, "it is gone");
  },
  "POST /api/stock-locations/setup": async () => {
    const setUp = { name: "Depósito Norte", address: { address_1: "Ruta 8 km 20", country_code: "AR" }, salesChannelId: "sc_cannahub" };
    const plan = await answered(staff.POST("/api/stock-locations/setup", { params: once(), body: { ...setUp, dryRun: true } }));
    check("steps" in plan && plan.steps.length > 0, "a dry run tells the steps");
    const answer = await answered(staff.POST("/api/stock-locations/setup", { params: once(), body: { ...setUp, enableShipping: true, shippingAmount: 1500.5 } }));
    check("stockLocation" in answer, "it is made");
    check(answer.fulfillmentSets.map(({ type }) => type).join() === "pickup,shipping", "it hands over in both ways");
    await answered(staff.DELETE("/api/locations/{id}", { params: { path: { id: answer.stockLocation.id }, ...once() } }));
  },
  "GET /openapi.json": async () => {
    const { openapi } = await answered(staff.GET("/openapi.json"));
    check(openapi === "3.1.0", "the document is there");
  },
};

/** As Standard Webhooks sign. */
async function signed(text: string): Promise<string> {
  const secret = setting("WEBHOOK_SECRET");
  const bytes = new TextEncoder();
  const key = secret.startsWith("whsec_") ? Uint8Array.from(atob(secret.slice(6)), (letter) => letter.charCodeAt(0)) : bytes.encode(secret);
  const hmac = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", hmac, bytes.encode(text));
  return `v1,${btoa(String.fromCharCode(...new Uint8Array(signature)))}`;
}

/** The operations that the gateway documents now. */
async function documented(): Promise<string[]> {
  const answer = await fetch(`${baseUrl}/openapi.json`);
  const document = (await answer.json()) as { paths: Record<string, Record<string, unknown>> };
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).filter((method) => method !== "parameters").map((method) => `${method.toUpperCase()} ${path}`),
  );
}

const failures: string[] = [];
for (const [operation, use] of Object.entries(uses)) {
  try {
    await use();
  } catch (error) {
    failures.push(`${operation}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
try {
  for (const operation of await sellInShop({ baseUrl, publishableKey, product, variant, region: "reg_argentina" })) used.add(operation);
} catch (error) {
  failures.push(`Medusa's own routes: ${error instanceof Error ? error.message : String(error)}`);
}
const nameless = (operation: string) => operation.replace(/\{[^}]*\}/g, "{}");
const known = new Set([...used].map(nameless));
const all = await documented();
failures.push(...all.filter((operation) => !known.has(nameless(operation))).map((operation) => `${operation}: it was not used`));
console.log(failures.length > 0 ? failures.join("\n") : `${all.length} operations used`);
process.exitCode = failures.length > 0 ? 1 : 0;
