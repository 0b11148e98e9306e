import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

/** Sells two, and says in words where that cannot be. */
export async function sell(token: string, say: (text: string) => void): Promise<void> {
  const gateway = createClient<paths>({ baseUrl: "http://localhost:8080", headers: { authorization: `Bearer ${token}` } });

  const { data, error } = await gateway.POST("/api/inventory/adjustments", {
    params: { header: { "Idempotency-Key": crypto.randomUUID() } }, // the same one when it is sent again
    body: { variantId: "variant_bd_7g", locationId: "sloc_high_up", adjustment: -2, reason: "sale" },
  });
  if (data) return say(`${data.level.availableQuantity} are left`);

  switch (error.code) { // a misspelt one does not compile
    case "INSUFFICIENT_STOCK":
      return say(error.detail); // in the language of Accept-Language
    case "VALIDATION_FAILED":
      return error.errors?.forEach(({ pointer, detail }) => say(`${pointer}: ${detail}`));
    default:
      throw new Error(`${error.code} (${error.requestId}): ${error.detail}`);
  }
}
