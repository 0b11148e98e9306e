-- +goose Up
-- Times are microseconds since 1970, UTC. Quantities are exact decimals. '' is unknown.
CREATE TABLE ledger (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    batch_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    flush_id TEXT NOT NULL,
    inventory_item_id TEXT NOT NULL,
    location_id TEXT NOT NULL,
    variant_id TEXT NOT NULL,
    sku TEXT NOT NULL,
    kind TEXT NOT NULL,
    created BOOLEAN NOT NULL,
    atomic BOOLEAN NOT NULL,
    previous_quantity TEXT NOT NULL,
    new_quantity TEXT NOT NULL,
    previous_incoming TEXT,
    new_incoming TEXT,
    reserved TEXT NOT NULL,
    level_id TEXT NOT NULL,
    level_updated_at TEXT NOT NULL,
    reason TEXT NOT NULL,
    reference TEXT NOT NULL,
    source_harvest_id TEXT NOT NULL,
    actor_type TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    state TEXT NOT NULL,
    until INTEGER NOT NULL,
    created_at INTEGER NOT NULL
);

-- An index ends with the rowid, which is seq.
CREATE INDEX ledger_level ON ledger (inventory_item_id, location_id);
CREATE INDEX ledger_pending ON ledger (flush_id) WHERE state = 'pending';
-- A row of a batch is made once, whatever goes wrong elsewhere.
CREATE UNIQUE INDEX ledger_once ON ledger (batch_id, position) WHERE batch_id <> '' AND state <> 'failed';
CREATE INDEX ledger_batch ON ledger (batch_id, position) WHERE batch_id <> '';
CREATE INDEX ledger_created_at ON ledger (created_at);

-- The flushes of which something is pending. They lead to the pending rows, of which the index above alone would not do:
-- in PostgreSQL it goes on naming rows that are no longer pending, by the hundred thousand, until it is vacuumed.
CREATE TABLE unsettled_flushes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    job_id INTEGER NOT NULL -- of the queue; settles the flush
);

CREATE TABLE idempotency_keys (
    actor TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash TEXT NOT NULL, -- hexadecimal
    batch_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    status INTEGER, -- of the answer; null until there is one
    body BLOB,
    PRIMARY KEY (actor, key)
);

CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
