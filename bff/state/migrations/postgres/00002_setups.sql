-- +goose Up
-- What is made in several steps, all of them or none. A row is there until all is made, or nothing is left.
CREATE TABLE setups (
    id TEXT COLLATE "C" PRIMARY KEY,
    plan TEXT NOT NULL,
    undoing BOOLEAN NOT NULL,
    actor TEXT COLLATE "C" NOT NULL, -- with key the idempotency key; '' is none
    key TEXT COLLATE "C" NOT NULL,
    batch_id TEXT COLLATE "C" NOT NULL, -- that the key stands for
    started_at BIGINT NOT NULL,
    touched_at BIGINT NOT NULL,
    job_id BIGINT NOT NULL -- of the queue; undoes the set-up
);

CREATE TABLE setup_steps (
    setup_id TEXT COLLATE "C" NOT NULL,
    step TEXT COLLATE "C" NOT NULL,
    made TEXT COLLATE "C" NOT NULL, -- its id in Medusa
    PRIMARY KEY (setup_id, step)
);
