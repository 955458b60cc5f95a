CREATE TABLE rights.cases (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('access', 'erasure')),
    state text NOT NULL,
    channel text NOT NULL CHECK (channel IN ('tenant', 'contact-us')),
    -- Gone when an erasure is done: the case stays, its person does not.
    subject_id uuid,
    -- The person in the audit log, taken before the key goes.
    commitment bytea CHECK (octet_length(commitment) = 32),
    -- What the person gave to be found by, and what they wrote: sealed under the key of the case.
    identifiers bytea,
    message bytea,
    -- Whether the case has a key in keyring that is to be destroyed some day.
    keyed boolean NOT NULL,
    -- How many people the identifiers matched.
    matches integer NOT NULL,
    -- SHA-256 of the secret in the person's status link.
    secret_sha256 bytea CHECK (octet_length(secret_sha256) = 32),
    refusal text,
    opened_by uuid,
    received_at timestamptz NOT NULL,
    due_internal date NOT NULL,
    due_legal date NOT NULL,
    asked_at timestamptz NOT NULL,
    closed_at timestamptz,
    certificate_jws text,
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX cases_of_person ON rights.cases (tenant_id, subject_id) WHERE subject_id IS NOT NULL;

CREATE TABLE rights.outcomes (
    tenant_id uuid NOT NULL,
    case_id uuid NOT NULL,
    phase integer NOT NULL,
    service text NOT NULL,
    -- The encoded answer, without its parts and without the person's id.
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
    categories bigint NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (tenant_id, case_id, service, name)
);

-- When a case is to be looked at again. Rows of the house, so that a worker can look without seeing into any tenant.
CREATE TABLE rights.agenda (
    tenant_id uuid NOT NULL,
    case_id uuid NOT NULL,
    of_tenant uuid NOT NULL,
    look_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, case_id)
);
CREATE INDEX agenda_by_time ON rights.agenda (tenant_id, look_at);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['cases', 'outcomes', 'parts', 'agenda'] LOOP
        EXECUTE format('ALTER TABLE rights.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE rights.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON rights.%I USING (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)', name);
    END LOOP;
END $$;
