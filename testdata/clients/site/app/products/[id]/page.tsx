// app/products/[id]/page.tsx
import createClient from "openapi-fetch";
import type { paths } from "@/gateway/schema";
import { LiveStock } from "./live-stock";

const gateway = createClient<paths>({
  baseUrl: process.env.GATEWAY_URL!,
  headers: { authorization: `Basic ${btoa(`${process.env.MEDUSA_SECRET_KEY}:`)}` }, // stays on the server
});

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const { data, error } = await gateway.GET("/api/products/{id}/with-inventory", {
    params: { path: { id: (await params).id } },
    cache: "force-cache",
    next: { tags: ["stock"] },
  });
  if (error?.code === "PRODUCT_NOT_FOUND") return <p>No such product.</p>;
  if (error) throw new Error(`${error.code} (${error.requestId}): ${error.detail}`);
  return (
    <main>
      <h1>{data.product.name}</h1>
      <LiveStock product={data.product} inventory={data.inventory} />
    </main>
  );
}
