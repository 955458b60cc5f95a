-- Clients of the platform; the platform itself is one of them.
CREATE TABLE identity.tenants (
    tenant_id uuid PRIMARY KEY,
    version bigint NOT NULL CHECK (version > 0),
    name text NOT NULL,
    state text NOT NULL CHECK (state IN ('active', 'suspended', 'closed')),
    chosen_services text[] NOT NULL,
    privacy_policy_url text NOT NULL,
    privacy_policy_version text NOT NULL,
    time_zone text NOT NULL,
    jurisdiction text NOT NULL CHECK (jurisdiction ~ '^[A-Z]{2}$'),
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);

-- API keys. Of the secret, 256 random bits, stands here its SHA-256 and nothing else.
CREATE TABLE identity.api_keys (
    tenant_id uuid NOT NULL REFERENCES identity.tenants,
    id uuid NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    label text NOT NULL CHECK (label ~ '^[a-z0-9-]{0,40}$'),
    role text NOT NULL,
    verbs text[] NOT NULL,
    categories text[] NOT NULL,
    purposes text[] NOT NULL,
    networks text[] NOT NULL,
    secret_sha256 bytea NOT NULL CHECK (octet_length(secret_sha256) = 32),
    expires_at timestamptz,
    revoked_at timestamptz,
    -- The key that made it; of the first keys, none.
    created_by uuid,
    -- The key that it took the place of.
    replaces uuid,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

ALTER TABLE identity.tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE identity.tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON identity.tenants USING (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
ALTER TABLE identity.api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE identity.api_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON identity.api_keys USING (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
