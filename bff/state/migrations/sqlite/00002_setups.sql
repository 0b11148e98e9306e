-- +goose Up
-- What is made in several steps, all of them or none. A row is there until all is made, or nothing is left.
CREATE TABLE setups (
    id TEXT PRIMARY KEY,
    plan TEXT NOT NULL,
    undoing BOOLEAN NOT NULL,
    actor TEXT NOT NULL, -- with key the idempotency key; '' is none
    key TEXT NOT NULL,
    batch_id TEXT NOT NULL, -- that the key stands for
    started_at INTEGER NOT NULL,
    touched_at INTEGER NOT NULL,
    job_id INTEGER NOT NULL -- of the queue; undoes the set-up
);

CREATE TABLE setup_steps (
    setup_id TEXT NOT NULL,
    step TEXT NOT NULL,
    made TEXT NOT NULL, -- its id in Medusa
    PRIMARY KEY (setup_id, step)
);
