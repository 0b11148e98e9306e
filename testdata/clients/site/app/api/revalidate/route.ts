// app/api/revalidate/route.ts
import { createHmac, timingSafeEqual } from "node:crypto";
import { revalidateTag } from "next/cache";

/** Takes what the Medusa subscriber sends, signed as it signs for the gateway. */
export async function POST(request: Request): Promise<Response> {
  const header = (name: string) => request.headers.get(name) ?? "";
  const timestamp = header("webhook-timestamp");
  const isFresh = Math.abs(Date.now() / 1000 - Number(timestamp)) < 300;
  const signature = signatureOf(`${header("webhook-id")}.${timestamp}.${await request.text()}`);
  const isSigned = header("webhook-signature").split(" ").some((given) => isSame(given, signature));
  if (!isFresh || !isSigned) return new Response(null, { status: 401 });

  revalidateTag("stock", { expire: 0 }); // Next.js 15: revalidateTag("stock")
  return new Response(null, { status: 204 });
}

function signatureOf(text: string): string {
  const secret = process.env.WEBHOOK_SECRET!;
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : secret;
  if (key.length === 0) throw new Error("WEBHOOK_SECRET is empty: anybody could sign with it");
  return `v1,${createHmac("sha256", key).update(text).digest("base64")}`;
}

/** In a time that tells nothing of where they differ. */
function isSame(given: string, signature: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(signature)];
  return a.length === b.length && timingSafeEqual(a, b);
}
