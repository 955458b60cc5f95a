-- The epochs whose root key still exists. They belong to the platform: the house tenant's rows.
-- A root may be destroyed only after its row here is gone, and the row cannot go while a tenant's key hangs on it.
CREATE TABLE keyring.epochs (
    tenant_id uuid NOT NULL,
    epoch bigint NOT NULL CHECK (epoch >= 0),
    ends_at_us bigint NOT NULL,
    created_at_us bigint NOT NULL,
    PRIMARY KEY (tenant_id, epoch)
);

-- What became of the roots: which were given up when, and when the key-management service had destroyed them.
CREATE TABLE keyring.retired_epochs (
    tenant_id uuid NOT NULL,
    epoch bigint NOT NULL,
    retired_at_us bigint NOT NULL,
    destroyed_at_us bigint,
    PRIMARY KEY (tenant_id, epoch)
);

-- The tenants that have keys, so that timers know whom to visit. The house tenant's rows.
CREATE TABLE keyring.roster (
    tenant_id uuid NOT NULL,
    member_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, member_id)
);

-- A tenant's own key for an epoch, wrapped by the root of that epoch. `house_id` is there to point at the house's row of the epoch.
CREATE TABLE keyring.tenant_epochs (
    tenant_id uuid NOT NULL,
    epoch bigint NOT NULL,
    house_id uuid NOT NULL DEFAULT '00000000-0000-7000-8000-000000000001' CHECK (house_id = '00000000-0000-7000-8000-000000000001'),
    wrapped bytea NOT NULL,
    ends_at_us bigint NOT NULL,
    PRIMARY KEY (tenant_id, epoch),
    FOREIGN KEY (house_id, epoch) REFERENCES keyring.epochs (tenant_id, epoch)
);
CREATE INDEX tenant_epochs_by_epoch ON keyring.tenant_epochs (house_id, epoch);

-- At most 256 holders share a bucket. `version` counts the keys the bucket has had: a shredding gives it a new one.
CREATE TABLE keyring.buckets (
    tenant_id uuid NOT NULL,
    bucket_id uuid NOT NULL,
    kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 3),
    epoch bigint NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    wrapped bytea NOT NULL,
    live integer NOT NULL CHECK (live BETWEEN 0 AND 256),
    PRIMARY KEY (tenant_id, bucket_id),
    FOREIGN KEY (tenant_id, epoch) REFERENCES keyring.tenant_epochs (tenant_id, epoch)
);
CREATE INDEX buckets_with_room ON keyring.buckets (tenant_id, kind, bucket_id) WHERE live < 256;
CREATE INDEX buckets_by_epoch ON keyring.buckets (tenant_id, epoch);

-- The key of a person, an import or a case, wrapped by its bucket's key. Bucket and key are absent only inside the
-- transaction that shreds a holder nobody had made yet.
CREATE TABLE keyring.holders (
    tenant_id uuid NOT NULL,
    holder_id uuid NOT NULL,
    kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 3),
    bucket_id uuid,
    wrapped bytea,
    created_at_us bigint NOT NULL,
    PRIMARY KEY (tenant_id, holder_id),
    FOREIGN KEY (tenant_id, bucket_id) REFERENCES keyring.buckets (tenant_id, bucket_id),
    CHECK ((bucket_id IS NULL) = (wrapped IS NULL))
);
CREATE INDEX holders_by_bucket ON keyring.holders (tenant_id, bucket_id);

-- A tenant's blind index keys, one a field, wrapped by its epoch key.
CREATE TABLE keyring.index_keys (
    tenant_id uuid NOT NULL,
    field text NOT NULL,
    epoch bigint NOT NULL,
    wrapped bytea NOT NULL,
    PRIMARY KEY (tenant_id, field),
    FOREIGN KEY (tenant_id, epoch) REFERENCES keyring.tenant_epochs (tenant_id, epoch)
);

-- The erasure ledger: first the intention, then, once, that it was done. Nothing is ever taken out of it.
CREATE TABLE keyring.ledger (
    tenant_id uuid NOT NULL,
    holder_id uuid NOT NULL,
    kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 3),
    case_id uuid,
    recorded_at_us bigint NOT NULL,
    state text NOT NULL DEFAULT 'recorded' CHECK (state IN ('recorded', 'shredded')),
    shredded_at_us bigint,
    unrecoverable_by_us bigint,
    PRIMARY KEY (tenant_id, holder_id),
    CHECK ((state = 'shredded') = (shredded_at_us IS NOT NULL AND unrecoverable_by_us IS NOT NULL))
);
CREATE INDEX ledger_unfinished ON keyring.ledger (tenant_id, recorded_at_us) WHERE state = 'recorded';

CREATE FUNCTION keyring.ledger_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE'
        AND OLD.state = 'recorded' AND NEW.state = 'shredded'
        AND (NEW.tenant_id, NEW.holder_id, NEW.kind, NEW.recorded_at_us) = (OLD.tenant_id, OLD.holder_id, OLD.kind, OLD.recorded_at_us)
        AND NEW.case_id IS NOT DISTINCT FROM OLD.case_id
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the erasure ledger only grows' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER ledger_only_grows BEFORE UPDATE OR DELETE ON keyring.ledger
    FOR EACH ROW EXECUTE FUNCTION keyring.ledger_only_grows();
CREATE TRIGGER ledger_is_never_emptied BEFORE TRUNCATE ON keyring.ledger
    FOR EACH STATEMENT EXECUTE FUNCTION keyring.ledger_only_grows();

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['epochs', 'retired_epochs', 'roster', 'tenant_epochs', 'buckets', 'holders', 'index_keys', 'ledger'] LOOP
        EXECUTE format('ALTER TABLE keyring.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE keyring.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY tenant ON keyring.%I USING (tenant_id = nullif(current_setting(''app.tenant'', true), '''')::uuid)', name);
    END LOOP;
END $$;
