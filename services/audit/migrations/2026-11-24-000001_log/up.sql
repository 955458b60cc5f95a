-- One Merkle tree over everything; whom an entry belongs to is the tenant's business alone.
CREATE TABLE audit.head (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    size bigint NOT NULL CHECK (size >= 0)
);
INSERT INTO audit.head (size) VALUES (0);

-- Hashes of complete subtrees: they say nothing about what they hash.
CREATE TABLE audit.nodes (
    level smallint NOT NULL,
    index bigint NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (level, index)
);

CREATE TABLE audit.checkpoints (
    size bigint PRIMARY KEY,
    root bytea NOT NULL CHECK (octet_length(root) = 32),
    note text NOT NULL,
    signed_at timestamptz NOT NULL
);

CREATE TABLE audit.entries (
    tenant_id uuid NOT NULL,
    leaf bigint NOT NULL,
    kind text NOT NULL CHECK (kind IN ('read', 'act')),
    happened_at timestamptz NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (tenant_id, leaf)
);

-- By whom an entry is found: a commitment that nobody can make again once the person's key is gone.
CREATE TABLE audit.subjects (
    tenant_id uuid NOT NULL,
    commitment bytea NOT NULL CHECK (octet_length(commitment) = 32),
    leaf bigint NOT NULL,
    PRIMARY KEY (tenant_id, commitment, leaf)
);

ALTER TABLE audit.entries ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit.entries FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit.entries USING (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
ALTER TABLE audit.subjects ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit.subjects FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON audit.subjects USING (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

-- A log only grows. (A mistake is stopped here; tampering below PostgreSQL is what the proofs show.)
CREATE FUNCTION audit.only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log only grows';
END $$;
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.nodes FOR EACH STATEMENT EXECUTE FUNCTION audit.only_grows();
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.checkpoints FOR EACH STATEMENT EXECUTE FUNCTION audit.only_grows();
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.entries FOR EACH STATEMENT EXECUTE FUNCTION audit.only_grows();
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.subjects FOR EACH STATEMENT EXECUTE FUNCTION audit.only_grows();
