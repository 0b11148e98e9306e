// As much of Medusa as is used here.
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
