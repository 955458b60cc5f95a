-- What every service needs beside its own tables. These belong to no tenant alone, carry no personal value, and are a closed list.

-- One row a transaction, however many events it tells of; gone as soon as the broker has them.
CREATE TABLE infra.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch bytea NOT NULL,
    created_at timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- Rows that can never be published: kept for a person to look at.
CREATE TABLE infra.outbox_dead (
    id bigint PRIMARY KEY,
    batch bytea NOT NULL,
    created_at timestamptz NOT NULL
);

-- Which events have had their effect.
CREATE TABLE infra.inbox (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    handled_at timestamptz NOT NULL,
    PRIMARY KEY (consumer, event_id)
);
CREATE INDEX inbox_by_age ON infra.inbox (handled_at);

-- Requests that a client may repeat. The body stands here as a keyed hash only.
CREATE TABLE infra.idempotency (
    tenant_id uuid NOT NULL,
    key text NOT NULL,
    body_hmac bytea NOT NULL,
    status smallint,
    resource_id uuid,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, key)
);
CREATE INDEX idempotency_by_age ON infra.idempotency (expires_at);
