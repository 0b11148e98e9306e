-- +goose Up
-- Times are microseconds since 1970, UTC. Quantities are exact decimals. '' is unknown.
CREATE TABLE ledger (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL,
    batch_id TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    flush_id TEXT COLLATE "C" NOT NULL,
    inventory_item_id TEXT COLLATE "C" NOT NULL,
    location_id TEXT COLLATE "C" NOT NULL,
    variant_id TEXT COLLATE "C" NOT NULL,
    sku TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    created BOOLEAN NOT NULL,
    atomic BOOLEAN NOT NULL,
    previous_quantity TEXT COLLATE "C" NOT NULL,
    new_quantity TEXT COLLATE "C" NOT NULL,
    previous_incoming TEXT COLLATE "C",
    new_incoming TEXT COLLATE "C",
    reserved TEXT COLLATE "C" NOT NULL,
    level_id TEXT COLLATE "C" NOT NULL,
    level_updated_at TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    reference TEXT COLLATE "C" NOT NULL,
    source_harvest_id TEXT COLLATE "C" NOT NULL,
    actor_type TEXT COLLATE "C" NOT NULL,
    actor_id TEXT COLLATE "C" NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    until BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX ledger_level ON ledger (inventory_item_id, location_id, seq);
CREATE INDEX ledger_pending ON ledger (flush_id) WHERE state = 'pending';
-- A row of a batch is made once, whatever goes wrong elsewhere.
CREATE UNIQUE INDEX ledger_once ON ledger (batch_id, position) WHERE batch_id <> '' AND state <> 'failed';
CREATE INDEX ledger_batch ON ledger (batch_id, position) WHERE batch_id <> '';
CREATE INDEX ledger_created_at ON ledger (created_at);

-- The flushes of which something is pending. They lead to the pending rows, of which the index above alone would not do:
-- in PostgreSQL it goes on naming rows that are no longer pending, by the hundred thousand, until it is vacuumed.
CREATE TABLE unsettled_flushes (
    seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL UNIQUE,
    job_id BIGINT NOT NULL -- of the queue; settles the flush
);

CREATE TABLE idempotency_keys (
    actor TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    request_hash TEXT COLLATE "C" NOT NULL, -- hexadecimal
    batch_id TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    status INTEGER, -- of the answer; null until there is one
    body BYTEA,
    PRIMARY KEY (actor, key)
);

CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
