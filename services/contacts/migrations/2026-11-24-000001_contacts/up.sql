CREATE TABLE contacts.contacts (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    role text NOT NULL CHECK (role IN ('controller', 'processor')),
    source text NOT NULL,
    attestation_id uuid,
    import_id uuid,
    quarantined boolean NOT NULL,
    suppressed boolean NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    -- Keyed hashes by which an exact value is found; they die with the row.
    email_index bytea CHECK (octet_length(email_index) = 32),
    telephone_index bytea CHECK (octet_length(telephone_index) = 32),
    -- What stays when the person is erased, so that nobody brings them back.
    suppression_token bytea CHECK (octet_length(suppression_token) = 32),
    -- Closed vocabularies, in clear.
    language text,
    time_zone text,
    employee_band text,
    -- JSON, each sealed under the person's key of that category.
    personal bytea,
    business bytea,
    imported bytea,
    PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX contacts_by_email ON contacts.contacts (tenant_id, email_index) WHERE email_index IS NOT NULL;
CREATE INDEX contacts_by_telephone ON contacts.contacts (tenant_id, telephone_index) WHERE telephone_index IS NOT NULL;

-- People who were erased or must not be brought in: keyed hashes and nothing else.
CREATE TABLE contacts.suppressions (
    tenant_id uuid NOT NULL,
    token bytea NOT NULL CHECK (octet_length(token) = 32),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, token)
);

-- A provider's word that people agreed.
CREATE TABLE contacts.attestations (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    provider text NOT NULL,
    document_sha256 bytea NOT NULL CHECK (octet_length(document_sha256) = 32),
    covers_collection boolean NOT NULL,
    covers_sharing boolean NOT NULL,
    signed_on date NOT NULL,
    expires_on date,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

CREATE TABLE contacts.imports (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('staging', 'needs-mapping', 'staged', 'committing', 'done', 'failed')),
    source text NOT NULL,
    basis text NOT NULL,
    country text,
    attestation_id uuid,
    principal_id uuid NOT NULL,
    -- The header and what each column is for, sealed under the key of the import.
    header bytea,
    mapping bytea,
    layout text,
    file_sha256 bytea,
    rows_total bigint NOT NULL,
    rows_done bigint NOT NULL,
    chunks bigint NOT NULL,
    next_chunk bigint NOT NULL,
    counts jsonb NOT NULL,
    version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);

-- Staged rows, a thousand at a time, sealed under the key of the import. A committed chunk is gone, but for its rejects.
CREATE TABLE contacts.import_chunks (
    tenant_id uuid NOT NULL,
    import_id uuid NOT NULL,
    chunk bigint NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (tenant_id, import_id, chunk)
);

CREATE TABLE contacts.import_rejects (
    tenant_id uuid NOT NULL,
    import_id uuid NOT NULL,
    chunk bigint NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (tenant_id, import_id, chunk)
);

-- Which imports wait to be worked on. Rows of the house, so that a worker can look without seeing into any tenant.
CREATE TABLE contacts.queue (
    tenant_id uuid NOT NULL,
    import_id uuid NOT NULL,
    of_tenant uuid NOT NULL,
    PRIMARY KEY (tenant_id, import_id)
);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['contacts', 'suppressions', 'attestations', 'imports', 'import_chunks', 'import_rejects', 'queue'] LOOP
        EXECUTE format('ALTER TABLE contacts.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE contacts.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON contacts.%I USING (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)', name);
    END LOOP;
END $$;
