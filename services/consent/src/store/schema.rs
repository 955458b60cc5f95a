//! The tables of schema `consent`.

diesel::table! {
    consent.subjects (tenant_id, subject_id) {
        tenant_id -> Uuid,
        subject_id -> Uuid,
        role -> Text,
        quarantined -> Bool,
        version -> BigInt,
        gone -> Bool,
    }
}

diesel::table! {
    consent.records (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        subject_id -> Uuid,
        version -> BigInt,
        purpose -> Text,
        stance -> Text,
        method -> Text,
        language -> Text,
        text_version -> Text,
        text_sha256 -> Nullable<Binary>,
        policy_version -> Text,
        principal_id -> Uuid,
        collected_at -> Timestamptz,
        recorded_at -> Timestamptz,
        receipt_id -> Uuid,
        receipt_jws -> Text,
    }
}

diesel::table! {
    consent.states (tenant_id, subject_id) {
        tenant_id -> Uuid,
        subject_id -> Uuid,
        version -> BigInt,
        state -> Binary,
    }
}

diesel::table! {
    consent.acknowledgements (tenant_id, subject_id, service, version) {
        tenant_id -> Uuid,
        subject_id -> Uuid,
        service -> Text,
        version -> BigInt,
        applied_at -> Timestamptz,
    }
}

diesel::allow_tables_to_appear_in_same_query!(subjects, states);
