"use client"; // app/products/[id]/live-stock.tsx
import { useRouter } from "next/navigation";
import { useEffect, useState } from "react";
import type { components } from "@/gateway/schema";

export function LiveStock({ inventoryItemId }: { inventoryItemId: string }) {
  const router = useRouter();
  const [available, setAvailable] = useState<Record<string, number>>({}); // by location

  useEffect(() => {
    const query = new URLSearchParams({ inventoryItemId, publishableKey: process.env.NEXT_PUBLIC_MEDUSA_PUBLISHABLE_KEY! });
    const stream = new EventSource(`${process.env.NEXT_PUBLIC_GATEWAY_URL}/api/inventory/stream?${query}`);
    stream.onmessage = ({ data }: MessageEvent<string>) => {
      const message = JSON.parse(data) as components["schemas"]["LiveMessage"];
      if (message.type === "inventory_level.updated") {
        const { locationId, availableQuantity } = message.payload;
        setAvailable((before) => ({ ...before, [locationId]: availableQuantity }));
      } else if (message.type === "gap") {
        router.refresh(); // something was missed: read how things are
      }
    };
    return () => stream.close(); // until then it connects again by itself, and resumes
  }, [inventoryItemId, router]);

  return (
    <ul aria-live="polite">
      {Object.entries(available).map(([locationId, quantity]) => (
        <li key={locationId}>
          {locationId}: {quantity}
        </li>
      ))}
    </ul>
  );
}
