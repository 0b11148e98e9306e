// Medusa's own routes for shoppers, through the gateway, in Medusa's spelling. A storefront uses them by Medusa's JS SDK.

type Product = { id: string; variants: { id: string; inventory_items?: { inventory?: { location_levels?: unknown[] } }[] }[] };
type Cart = { id: string; items?: { id: string; quantity: number }[] };

/** Looks at products and fills a cart; returns the operations that it used. */
export async function sellInShop(shop: { baseUrl: string; publishableKey: string; product: string; variant: string; region: string }): Promise<Set<string>> {
  const used = new Set<string>();
  async function ask<T>(method: string, path: string, ids: string[] = [], body?: object): Promise<T> {
    used.add(`${method} ${path}`);
    const left = [...ids];
    const answer = await fetch(shop.baseUrl + path.replace(/\{\}/g, () => left.shift() ?? ""), {
      method,
      headers: { "x-publishable-api-key": shop.publishableKey, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  const { products } = await ask<{ products: Product[] }>("GET", "/store/products");
  if (!products.some(({ id }) => id === shop.product)) throw new Error("the product is not listed");
  const { product } = await ask<{ product: Product }>("GET", "/store/products/{}", [shop.product]);
  if (!product.variants.some(({ inventory_items: items }) => items?.[0]?.inventory?.location_levels?.length)) throw new Error("no variant has levels");

  const { cart } = await ask<{ cart: Cart }>("POST", "/store/carts", [], { region_id: shop.region });
  const { cart: filled } = await ask<{ cart: Cart }>("POST", "/store/carts/{}/line-items", [cart.id], { variant_id: shop.variant, quantity: 1 });
  const line = filled.items?.[0]?.id ?? "";
  const { cart: more } = await ask<{ cart: Cart }>("POST", "/store/carts/{}/line-items/{}", [cart.id, line], { quantity: 2 });
  if (more.items?.[0]?.quantity !== 2) throw new Error("the line was not changed");
  await ask("DELETE", "/store/carts/{}/line-items/{}", [cart.id, line]);
  return used;
}
