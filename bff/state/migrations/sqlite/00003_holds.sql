-- +goose Up
-- Stock that is reserved in Medusa for a while. A row is there as long as any of its lines.
CREATE TABLE holds (
    id TEXT PRIMARY KEY,
    cart_id TEXT NOT NULL, -- '' is none
    expires_at INTEGER NOT NULL, -- 0 is never
    created_at INTEGER NOT NULL,
    actor TEXT NOT NULL, -- with key the idempotency key while it has no answer; '' is none
    key TEXT NOT NULL,
    batch_id TEXT NOT NULL, -- that the key stands for
    due_at INTEGER NOT NULL, -- 0 is never
    job_id INTEGER NOT NULL -- of the queue; sees to the hold at due_at; 0 is none
);

CREATE INDEX holds_cart ON holds (cart_id) WHERE cart_id <> '';
CREATE INDEX holds_batch ON holds (batch_id) WHERE batch_id <> '';

CREATE TABLE hold_lines (
    hold_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    stage TEXT NOT NULL,
    since INTEGER NOT NULL,
    reservation_id TEXT NOT NULL, -- '' is not known yet
    inventory_item_id TEXT NOT NULL,
    location_id TEXT NOT NULL,
    variant_id TEXT NOT NULL, -- '' is none
    quantity TEXT NOT NULL,
    changing_till INTEGER NOT NULL, -- 0: nothing changes
    confirmation TEXT NOT NULL, -- JSON; '' is none
    PRIMARY KEY (hold_id, number)
);

CREATE UNIQUE INDEX hold_lines_reservation ON hold_lines (reservation_id) WHERE reservation_id <> '';
