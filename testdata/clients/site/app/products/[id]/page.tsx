// app/products/[id]/page.tsx
import { notFound } from "next/navigation";
import { gateway, stockOf } from "@/gateway/stock";
import { LiveStock } from "./live-stock";

const held = { next: { tags: ["stock"], revalidate: 60 } }; // seconds, should a hook be lost

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const { data, error, response } = await gateway.GET("/store/products/{id}", { params: { path: await params }, ...held });
  if (response.status === 404) notFound();
  if (error) throw new Error(`${response.status}: ${error.message}`);
  const variants = data.product.variants ?? [];
  return (
    <main>
      <h1>{data.product.title}</h1>
      <LiveStock variants={variants} read={await stockOf(variants.map(({ id }) => id), held)} />
    </main>
  );
}
