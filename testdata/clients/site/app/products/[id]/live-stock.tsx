"use client"; // app/products/[id]/live-stock.tsx
import { useEffect, useState } from "react";
import type { components } from "@/gateway/schema";
import { stockOf } from "@/gateway/stock";

type Variant = components["schemas"]["StoreVariant"];

/** The stock of variants as it was read, and then as it changes. One stream follows them all: a browser opens only six to a host. */
export function LiveStock({ variants, read }: { variants: Variant[]; read: Record<string, string> }) {
  const [stock, setStock] = useState(read);
  const ids = variants.map(({ id }) => id).join();
  const items = [...new Set(variants.flatMap((variant) => variant.inventory_items ?? []).map((item) => item.inventory_item_id))].join();

  useEffect(() => {
    if (!items) return;
    let stream: EventSource;
    let again: ReturnType<typeof setTimeout>;
    let [isAsking, hasChanged, isOver] = [false, false, false];

    async function ask() {
      hasChanged = true;
      if (isAsking) return; // one question at a time, and one after the last change
      isAsking = true;
      while (hasChanged && !isOver) {
        hasChanged = false;
        try {
          const now = await stockOf(ids.split(","));
          if (!isOver) setStock(now);
        } catch {
          hasChanged = true; // the gateway may have too much to do just now
          await new Promise((resolve) => setTimeout(resolve, 5000));
        }
      }
      isAsking = false;
    }

    function follow() {
      const query = new URLSearchParams({ inventoryItemId: items, publishableKey: process.env.NEXT_PUBLIC_MEDUSA_PUBLISHABLE_KEY! });
      stream = new EventSource(`${process.env.NEXT_PUBLIC_GATEWAY_URL}/api/inventory/stream?${query}`);
      stream.onmessage = ask; // when it begins, at each change, and when something was missed
      stream.onerror = () => {
        if (stream.readyState === EventSource.CLOSED) again = setTimeout(follow, 5000); // refused: the browser gives up
      };
    }

    follow();
    return () => {
      isOver = true;
      clearTimeout(again);
      stream.close();
    };
  }, [ids, items]);

  return (
    <ul aria-live="polite">
      {variants.map(({ id, title }) => (
        <li key={id}>
          {title}: {stock[id]}
        </li>
      ))}
    </ul>
  );
}
