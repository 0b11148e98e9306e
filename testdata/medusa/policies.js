// What a shop with rights by roles defines for the gateway: Medusa asks for it where levels of stock are written, and has
// no such policy of its own.
const { definePolicies } = require("@medusajs/framework/utils");

module.exports = definePolicies({ name: "ManageInventoryItem", resource: "inventory_item", operation: "*" });
