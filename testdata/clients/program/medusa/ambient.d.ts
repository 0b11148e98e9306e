// As much of Medusa, and of Node.js beside it, as is used here.
declare module "@medusajs/framework" {
  export interface SubscriberArgs<T> {
    event: { name: string; data: T };
  }
  export interface SubscriberConfig {
    event: string | string[];
  }
}
declare module "@medusajs/framework/utils" {
  export function definePolicies(policy: { name: string; resource: string; operation: string; description?: string }): object;
}
declare module "node:crypto" {
  interface Hmac {
    update(text: string): Hmac;
    digest(encoding: "base64"): string;
  }
  export function createHmac(algorithm: string, key: string | Uint8Array): Hmac;
  export function randomUUID(): string;
}
declare const Buffer: { from(text: string, encoding: "base64"): Uint8Array };
