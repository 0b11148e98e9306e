// src/policies/gateway.ts
import { definePolicies } from "@medusajs/framework/utils";

export default definePolicies({ name: "ManageInventoryItem", resource: "inventory_item", operation: "*" });
