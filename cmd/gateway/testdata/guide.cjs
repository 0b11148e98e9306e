// A storefront with the hooks of the storefront guide, types erased, else as they stand there:
// node --experimental-websocket guide.cjs <base URL> <token of an admin>. Says what they saw as JSON.
const [baseUrl, token] = process.argv.slice(2);
process.env.NEXT_PUBLIC_WS_URL = baseUrl.replace("http", "ws") + "/ws";

// A page of the shop asks where it comes from, and React keeps what a hook says.
const fetch = (path, options) => globalThis.fetch(new URL(path, baseUrl), options);
const state = [];
const useState = (initial) => {
  const at = state.push(initial) - 1;
  return [initial, (value) => { state[at] = value; }];
};

const useInventory = () => {
  const [availability, setAvailability] = useState(null);
  const [isLoading, setIsLoading] = useState(false);
  const [error, setError] = useState(null);

  const checkAvailability = async (items) => {
    setIsLoading(true);
    setError(null);

    try {
      const response = await fetch('/store/inventory-items/availability', {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
        },
        body: JSON.stringify({ items }),
      });

      if (!response.ok) {
        throw new Error('Error checking availability');
      }

      const data = await response.json();
      setAvailability(data);
    } catch (err) {
      setError(err instanceof Error ? err.message : 'Unknown error');
    } finally {
      setIsLoading(false);
    }
  };

  return {
    availability,
    isLoading,
    error,
    checkAvailability,
  };
};

const validateCartInventory = async (items) => {
  const inventoryItems = items.map(item => ({
    inventory_item_id: item.inventory_item_id,
    required_quantity: item.quantity,
  }));

  const response = await fetch('/store/inventory-items/availability', {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
    },
    body: JSON.stringify({ items: inventoryItems }),
  });

  const data = await response.json();

  const errors = [];

  items.forEach(cartItem => {
    const availability = data.availability.find(
      av => av.inventory_item_id === cartItem.inventory_item_id
    );

    if (!availability?.is_available) {
      errors.push({
        variant_id: cartItem.variant_id,
        message: `Insufficient stock for this item`,
        available_quantity: availability?.available_quantity || 0,
        requested_quantity: cartItem.quantity,
      });
    }
  });

  return {
    isValid: errors.length === 0,
    errors,
  };
};

const batchInventoryCheck = async (inventoryItemIds) => {
  // Agrupar múltiples consultas en una sola request
  const items = inventoryItemIds.map(id => ({
    inventory_item_id: id,
    required_quantity: 1,
  }));

  const response = await fetch('/store/inventory-items/availability', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ items }),
  });

  const data = await response.json();

  // Organizar por inventory_item_id para fácil acceso
  return data.availability.reduce((acc, item) => {
    if (!acc[item.inventory_item_id]) {
      acc[item.inventory_item_id] = [];
    }
    acc[item.inventory_item_id].push(item);
    return acc;
  }, {});
};

const subscribeToInventoryUpdates = (inventoryItemIds, onUpdate) => {
  const ws = new WebSocket(process.env.NEXT_PUBLIC_WS_URL || 'ws://localhost:9000/ws');

  ws.onopen = () => {
    // Suscribirse a actualizaciones de inventory
    ws.send(JSON.stringify({
      type: 'subscribe',
      entity: 'inventory_level',
      filters: { inventory_item_id: inventoryItemIds },
    }));
  };

  ws.onmessage = (event) => {
    const data = JSON.parse(event.data);
    if (data.type === 'inventory_level.updated') {
      onUpdate(data.payload);
    }
  };

  return () => ws.close();
};

// The guide does not wait until it is told that it follows; who wants to see a change must.
const NodeWebSocket = globalThis.WebSocket;
let follows;
const following = new Promise((resolve) => { follows = resolve; });
globalThis.WebSocket = class extends NodeWebSocket {
  constructor(url) {
    super(url);
    this.addEventListener("message", ({ data }) => { if (JSON.parse(data).type === "subscribed") follows(); });
    this.addEventListener("close", ({ code, reason }) => { if (code !== 1000 && code !== 1005) { console.error(code, reason); process.exit(1); } });
  }
};

async function update() {
  let updated;
  const told = new Promise((resolve) => { updated = resolve; });
  const unsubscribe = subscribeToInventoryUpdates(["iitem_bd_14g", "iitem_bd_7g"], updated);
  await following;
  const changed = await fetch("/api/inventory/levels", {
    method: "PATCH",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify({ inventoryItemId: "iitem_bd_14g", locationId: "sloc_high_up", stockedQuantity: 3 }),
  });
  if (!changed.ok) throw new Error(await changed.text());
  const payload = await told;
  unsubscribe();
  return payload;
}

async function storefront() {
  await useInventory().checkAvailability([{ inventory_item_id: "iitem_bd_14g", required_quantity: 1 }]);
  const [availability, isLoading, error] = state;
  return {
    availability, isLoading, error,
    cart: await validateCartInventory([
      { variant_id: "variant_bd_7g", inventory_item_id: "iitem_bd_7g", quantity: 2 },
      { variant_id: "variant_bd_14g", inventory_item_id: "iitem_bd_14g", quantity: 5000 },
    ]),
    batch: await batchInventoryCheck(["iitem_bd_14g", "iitem_bd_7g", "iitem_nope"]),
    update: await update(),
  };
}

storefront()
  .then((seen) => console.log(JSON.stringify(seen)))
  .catch((error) => { console.error(error); process.exit(1); });
