CREATE TABLE contacts.things (
    tenant_id uuid NOT NULL,
    id integer NOT NULL,
    value integer NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
ALTER TABLE contacts.things ENABLE ROW LEVEL SECURITY;
ALTER TABLE contacts.things FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON contacts.things USING (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
