//! The tables of schema `contacts`.

diesel::table! {
    contacts.contacts (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        role -> Text,
        source -> Text,
        attestation_id -> Nullable<Uuid>,
        import_id -> Nullable<Uuid>,
        quarantined -> Bool,
        suppressed -> Bool,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        email_index -> Nullable<Binary>,
        telephone_index -> Nullable<Binary>,
        suppression_token -> Nullable<Binary>,
        suppression_telephone -> Nullable<Binary>,
        language -> Nullable<Text>,
        time_zone -> Nullable<Text>,
        employee_band -> Nullable<Text>,
        personal -> Nullable<Binary>,
        business -> Nullable<Binary>,
        imported -> Nullable<Binary>,
    }
}

diesel::table! {
    contacts.suppressions (tenant_id, token) {
        tenant_id -> Uuid,
        token -> Binary,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    contacts.attestations (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        provider -> Text,
        document_sha256 -> Binary,
        covers_collection -> Bool,
        covers_sharing -> Bool,
        signed_on -> Date,
        expires_on -> Nullable<Date>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    contacts.imports (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        state -> Text,
        source -> Text,
        basis -> Text,
        country -> Nullable<Text>,
        attestation_id -> Nullable<Uuid>,
        principal_id -> Uuid,
        header -> Nullable<Binary>,
        mapping -> Nullable<Binary>,
        layout -> Nullable<Text>,
        file_sha256 -> Nullable<Binary>,
        rows_total -> BigInt,
        rows_done -> BigInt,
        chunks -> BigInt,
        next_chunk -> BigInt,
        counts -> Jsonb,
        version -> BigInt,
        created_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
        failure -> Nullable<Text>,
    }
}

diesel::table! {
    contacts.import_chunks (tenant_id, import_id, chunk) {
        tenant_id -> Uuid,
        import_id -> Uuid,
        chunk -> BigInt,
        sealed -> Binary,
    }
}

diesel::table! {
    contacts.import_rejects (tenant_id, import_id, chunk) {
        tenant_id -> Uuid,
        import_id -> Uuid,
        chunk -> BigInt,
        sealed -> Binary,
    }
}

diesel::table! {
    contacts.queue (tenant_id, import_id) {
        tenant_id -> Uuid,
        import_id -> Uuid,
        of_tenant -> Uuid,
        due_at -> Timestamptz,
        claimed_by -> Nullable<Text>,
        claimed_until -> Nullable<Timestamptz>,
    }
}
