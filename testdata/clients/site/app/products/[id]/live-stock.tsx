"use client"; // app/products/[id]/live-stock.tsx
import { useRouter } from "next/navigation";
import { useEffect, useState } from "react";
import type { components } from "@/gateway/schema";

type Schemas = components["schemas"];

/** What each location has of each variant. All are followed by one stream: a browser opens only six to a host. */
export function LiveStock({ product, inventory }: Pick<Schemas["ProductWithInventory"], "product" | "inventory">) {
  const router = useRouter();
  const [told, setTold] = useState<Record<string, number>>({}); // what is available, by item and location
  const items = [...new Set(Object.values(inventory).flatMap((stock) => stock.inventoryItems.map((item) => item.inventoryItemId)))].join();

  useEffect(() => {
    if (!items) return;
    const query = new URLSearchParams({ inventoryItemId: items, publishableKey: process.env.NEXT_PUBLIC_MEDUSA_PUBLISHABLE_KEY! });
    const stream = new EventSource(`${process.env.NEXT_PUBLIC_GATEWAY_URL}/api/inventory/stream?${query}`);
    stream.onmessage = ({ data }: MessageEvent<string>) => {
      const message = JSON.parse(data) as Schemas["LiveMessage"];
      if (message.type === "inventory_level.updated") {
        const { inventoryItemId, locationId, availableQuantity } = message.payload;
        setTold((before) => ({ ...before, [`${inventoryItemId} ${locationId}`]: availableQuantity }));
      } else if (message.type === "gap") {
        setTold({}); // something was missed: read how things are
        router.refresh();
      }
    };
    return () => stream.close(); // until then it connects again by itself, and resumes
  }, [items, router]);

  return (
    <ul aria-live="polite">
      {product.variants.flatMap(({ id, name }) =>
        inventory[id]!.byLocation.map(({ locationId, locationName, available }) => (
          <li key={`${id} ${locationId}`}>
            {name}, {locationName}: {now(inventory[id]!, locationId, told) ?? available}
          </li>
        )),
      )}
    </ul>
  );
}

/** What the stream told of a variant that takes one of one item; of others the gateway counts, and the page has what it read. */
function now({ inventoryItems: [item, ...others] }: Schemas["VariantInventory"], locationId: string, told: Record<string, number>) {
  return item?.requiredQuantity === 1 && others.length === 0 ? told[`${item.inventoryItemId} ${locationId}`] : undefined;
}
