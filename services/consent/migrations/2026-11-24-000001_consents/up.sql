-- Whom consent has heard of: only what a decision needs.
CREATE TABLE consent.subjects (
    tenant_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    role text NOT NULL CHECK (role IN ('controller', 'processor')),
    quarantined boolean NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (tenant_id, subject_id)
);

-- What was said, in the order it was said. Rows are added, never changed; they go with the person.
CREATE TABLE consent.records (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    subject_id uuid NOT NULL,
    version bigint NOT NULL,
    purpose text NOT NULL,
    stance text NOT NULL CHECK (stance IN ('given', 'refused', 'withdrawn', 'objected')),
    method text NOT NULL,
    language text NOT NULL,
    text_version text NOT NULL,
    text_sha256 bytea CHECK (octet_length(text_sha256) = 32),
    policy_version text NOT NULL,
    principal_id uuid NOT NULL,
    collected_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    receipt_id uuid NOT NULL,
    receipt_jws text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, subject_id, version),
    UNIQUE (tenant_id, receipt_id)
);

-- The fold of the records: what is published.
CREATE TABLE consent.states (
    tenant_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    version bigint NOT NULL,
    state bytea NOT NULL,
    PRIMARY KEY (tenant_id, subject_id)
);

-- Which service decides by which version since when.
CREATE TABLE consent.acknowledgements (
    tenant_id uuid NOT NULL,
    subject_id uuid NOT NULL,
    service text NOT NULL,
    version bigint NOT NULL,
    applied_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, subject_id, service, version)
);

ALTER TABLE consent.subjects ENABLE ROW LEVEL SECURITY;
ALTER TABLE consent.subjects FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON consent.subjects USING (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
ALTER TABLE consent.records ENABLE ROW LEVEL SECURITY;
ALTER TABLE consent.records FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON consent.records USING (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
ALTER TABLE consent.states ENABLE ROW LEVEL SECURITY;
ALTER TABLE consent.states FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON consent.states USING (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
ALTER TABLE consent.acknowledgements ENABLE ROW LEVEL SECURITY;
ALTER TABLE consent.acknowledgements FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON consent.acknowledgements USING (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);

-- What somebody said is never rewritten.
CREATE FUNCTION consent.no_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a consent record is never rewritten';
END $$;
CREATE TRIGGER no_rewriting BEFORE UPDATE ON consent.records FOR EACH STATEMENT EXECUTE FUNCTION consent.no_rewriting();
