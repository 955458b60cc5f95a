//! The tables of schema `rights`.

diesel::table! {
    rights.cases (tenant_id, id) {
        tenant_id -> Uuid,
        id -> Uuid,
        kind -> Text,
        state -> Text,
        channel -> Text,
        subject_id -> Nullable<Uuid>,
        commitment -> Nullable<Binary>,
        identifiers -> Nullable<Binary>,
        message -> Nullable<Binary>,
        keyed -> Bool,
        matches -> Integer,
        secret_sha256 -> Nullable<Binary>,
        refusal -> Nullable<Text>,
        opened_by -> Nullable<Uuid>,
        received_at -> Timestamptz,
        due_internal -> Date,
        due_legal -> Date,
        asked_at -> Timestamptz,
        closed_at -> Nullable<Timestamptz>,
        certificate_jws -> Nullable<Text>,
        version -> BigInt,
    }
}

diesel::table! {
    rights.outcomes (tenant_id, case_id, phase, service) {
        tenant_id -> Uuid,
        case_id -> Uuid,
        phase -> Integer,
        service -> Text,
        answer -> Binary,
        answered_at -> Timestamptz,
    }
}

diesel::table! {
    rights.parts (tenant_id, case_id, service, name) {
        tenant_id -> Uuid,
        case_id -> Uuid,
        service -> Text,
        name -> Text,
        categories -> BigInt,
        sealed -> Binary,
    }
}

diesel::table! {
    rights.agenda (tenant_id, case_id) {
        tenant_id -> Uuid,
        case_id -> Uuid,
        of_tenant -> Uuid,
        look_at -> Timestamptz,
    }
}
