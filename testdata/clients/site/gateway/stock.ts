// gateway/stock.ts
import createClient from "openapi-fetch";
import type { paths } from "./schema";

/** What shoppers may ask, of the server and of the browser: the key shows what its sales channels sell, where they sell it. */
export const gateway = createClient<paths>({
  baseUrl: process.env.NEXT_PUBLIC_GATEWAY_URL!,
  headers: { "x-publishable-api-key": process.env.NEXT_PUBLIC_MEDUSA_PUBLISHABLE_KEY!, "accept-language": "en" }, // the site's language
});

/** What to say of each variant, by its id, such as "Only 3 left". */
export async function stockOf(variantIds: string[], held?: { next: NextFetchRequestConfig }): Promise<Record<string, string>> {
  if (variantIds.length === 0) return {};
  const { data, error } = await gateway.POST("/api/inventory/availability", {
    body: { items: variantIds.map((variantId) => ({ variantId, requiredQuantity: 1 })) },
    ...held,
  });
  if (error) throw new Error(`${error.code} (${error.requestId}): ${error.detail}`);
  const bestLast = data.availability.toReversed(); // an entry for each location: what is said of the best one stays
  return Object.fromEntries(bestLast.map(({ variantId, message }) => [variantId, message]));
}
