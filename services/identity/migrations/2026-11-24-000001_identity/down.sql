DROP TABLE identity.api_keys, identity.tenants;
