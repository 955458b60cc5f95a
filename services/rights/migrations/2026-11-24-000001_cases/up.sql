CREATE TABLE rights.cases (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('access', 'erasure')),
    state text NOT NULL,
    channel text NOT NULL CHECK (channel IN ('tenant', 'contact-us')),
    -- Gone when the person is untied.
    subject_id uuid,
    -- The person in the audit log, taken before the key goes.
    commitment bytea CHECK (octet_length(commitment) = 32),
    -- What the person gave to be found by, and what they wrote: sealed under the key of the case.
    identifiers bytea,
    message bytea,
    -- SHA-256 of the secret in the person's status link.
    secret_sha256 bytea CHECK (octet_length(secret_sha256) = 32),
    refusal text,
    opened_by uuid,
    received_at timestamptz NOT NULL,
    due_internal date NOT NULL,
    due_legal date NOT NULL,
    asked_at timestamptz,
    closed_at timestamptz,
    certificate_jws text,
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE rights.outcomes (
    tenant_id uuid NOT NULL,
    case_id uuid NOT NULL,
    phase smallint NOT NULL,
    service text NOT NULL,
    -- The encoded answer, without its parts.
    answer bytea NOT NULL,
    answered_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, case_id, phase, service)
);

-- Parts of access packages, sealed under the person's package key: they die with it.
CREATE TABLE rights.parts (
    tenant_id uuid NOT NULL,
    case_id uuid NOT NULL,
    service text NOT NULL,
    name text NOT NULL,
    categories integer NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (tenant_id, case_id, service, name)
);

-- The secret of a status link leads to its case without anybody's account; it holds no more than that.
CREATE TABLE rights.links (
    secret_sha256 bytea PRIMARY KEY CHECK (octet_length(secret_sha256) = 32),
    tenant uuid NOT NULL,
    case_id uuid NOT NULL
);

ALTER TABLE rights.cases ENABLE ROW LEVEL SECURITY;
ALTER TABLE rights.cases FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON rights.cases USING (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
ALTER TABLE rights.outcomes ENABLE ROW LEVEL SECURITY;
ALTER TABLE rights.outcomes FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON rights.outcomes USING (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
ALTER TABLE rights.parts ENABLE ROW LEVEL SECURITY;
ALTER TABLE rights.parts FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON rights.parts USING (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
