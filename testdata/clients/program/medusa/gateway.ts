// src/subscribers/gateway.ts
import { createHmac, randomUUID } from "node:crypto";
import type { SubscriberArgs, SubscriberConfig } from "@medusajs/framework";

/** Tells everybody in STOCK_HOOKS, one after the other, signed as a Standard Webhook. */
export default async function tellOfChange({ event: { name, data } }: SubscriberArgs<unknown>): Promise<void> {
  const id = `msg_${randomUUID()}`;
  const timestamp = String(Math.floor(Date.now() / 1000));
  const body = JSON.stringify({ event: name, data });
  const secret = process.env.WEBHOOK_SECRET!;
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : secret;
  const signature = `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
  const headers = { "content-type": "application/json", "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature };
  for (const url of process.env.STOCK_HOOKS!.split(",")) {
    try {
      const { ok, status } = await fetch(url, { method: "POST", headers, body });
      if (!ok) throw new Error(`HTTP ${status}`);
    } catch (error) {
      console.error(`${url} was not told of ${name}:`, error); // the next one is, all the same
    }
  }
}

export const config: SubscriberConfig = {
  event: [
    "inventory.inventory-level.created", "inventory.inventory-level.updated", "inventory.inventory-level.deleted",
    "product.created", "product.updated", "product.deleted",
    "product-variant.created", "product-variant.updated", "product-variant.deleted",
    "LinkProductVariantInventoryItem.attached", "LinkProductVariantInventoryItem.detached",
    "LinkSalesChannelStockLocation.attached", "LinkSalesChannelStockLocation.detached",
    "LinkPublishableApiKeySalesChannel.attached", "LinkPublishableApiKeySalesChannel.detached",
  ],
};
