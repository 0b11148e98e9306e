package main

// What the document does not say: how its requests follow each other in a run, and which of them cannot be in one.

// leftOut are the operations that no run can have.
var leftOut = map[string]string{
	"followInventory":      "the stream of events has no end",
	"followStoreInventory": "a WebSocket is no request of a collection; Postman has its own kind for it",
}

// step is how an operation is asked in a run. Without one it is asked with the first example of the document.
type step struct {
	example string            // the name of the example of the body
	body    string            // what is sent in place of an example
	path    string            // the id in the path; else its example
	keep    map[string]string // what later requests need: variables, and where they are in the answer
	before  string            // a script
	then    []again           // requests that tidy up
}

// again is an operation asked once more.
type again struct {
	operation, name string
	step
}

// steps are by the id of the operation.
var steps = map[string]step{
	"updateInventoryLevel": {example: "incoming"},
	"removeInventoryLevel": {body: `{
  "inventoryItemId": "{{itemWithoutLevelsId}}",
  "locationId": "{{otherLocationId}}",
  "force": true
}`},
	"adjustInventory":      {example: "sale"},
	"batchUpdateInventory": {example: "counts"},
	"takeHook":             {before: signHook},

	// Of the three that are held one is released by each of two requests, and one is sold.
	"createReservations": {
		body: `{
  "items": [
    {"variantId": "{{variantId}}", "quantity": 2},
    {"variantId": "{{otherVariantId}}", "quantity": 1},
    {"sku": "{{sku}}", "quantity": 3}
  ],
  "cartId": "cart_8841"
}`,
		keep: map[string]string{
			"holdId": "holdId", "reservationId": "reservations[0].id", "soldReservationId": "reservations[1].id",
		},
	},
	"getReservation":     {path: "{{holdId}}"},
	"updateReservation":  {path: "{{reservationId}}", example: "quantity"},
	"deleteReservation":  {path: "{{reservationId}}"},
	"confirmReservation": {path: "{{soldReservationId}}"},
	"releaseReservation": {path: "{{holdId}}"},

	"addToStoreCart": {path: "{{storeCartId}}", before: newCart},

	"createLocation": {keep: map[string]string{"newLocationId": "location.id"}},
	"getLocation":    {path: "{{newLocationId}}"},
	"updateLocation": {path: "{{newLocationId}}", example: "renamed"},
	"deleteLocation": {path: "{{newLocationId}}"},
	// Medusa has the names of what is made once in the whole shop.
	"setUpLocation": {
		body: `{
  "name": "Dispensario {{$timestamp}}",
  "address": {"address_1": "Av. Santa Fe 3200", "city": "Buenos Aires", "province": "CABA", "postal_code": "C1425", "country_code": "AR"},
  "enablePickup": true,
  "enableShipping": true,
  "shippingAmount": 1500.5,
  "salesChannelId": "{{salesChannelId}}"
}`,
		keep: map[string]string{"setUpLocationId": "stockLocation.id"},
		then: []again{{operation: "deleteLocation", name: "Delete the location that was set up", step: step{path: "{{setUpLocationId}}"}}},
	},
}

// signHook signs as Standard Webhooks does. A gateway without a secret has no such route.
const signHook = `const secret = pm.variables.get("webhookSecret");
if (!secret) {
  console.log("webhookSecret is not set: no hook is sent");
  pm.execution.skipRequest();
} else {
  const { enc, HmacSHA256 } = require("crypto-js");
  const id = "msg_" + pm.variables.replaceIn("{{$guid}}");
  const timestamp = String(Math.floor(Date.now() / 1000));
  const body = pm.variables.replaceIn(pm.request.body.raw);
  const key = secret.startsWith("whsec_") ? enc.Base64.parse(secret.slice(6)) : enc.Utf8.parse(secret);
  pm.variables.set("webhook-id", id);
  pm.variables.set("webhook-timestamp", timestamp);
  pm.variables.set("webhook-signature", "v1," + HmacSHA256(id + "." + timestamp + "." + body, key).toString(enc.Base64));
}`

// newCart makes the cart that a line is added to.
const newCart = `pm.sendRequest({
  url: pm.variables.replaceIn("{{baseUrl}}/store/carts"),
  method: "POST",
  header: { "Content-Type": "application/json", "x-publishable-api-key": pm.variables.replaceIn("{{publishableKey}}") },
  body: { mode: "raw", raw: pm.variables.replaceIn('{"region_id":"{{regionId}}"}') },
}, (error, answer) => {
  if (error || answer.code !== 200) throw new Error("no cart was made: " + (error || answer.text()));
  pm.variables.set("storeCartId", answer.json().cart.id);
});`
