//! The tables of schema `infra`.

diesel::table! {
    infra.outbox (id) {
        id -> BigInt,
        batch -> Binary,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    infra.outbox_dead (id) {
        id -> BigInt,
        batch -> Binary,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    infra.inbox (consumer, event_id) {
        consumer -> Text,
        event_id -> Uuid,
        handled_at -> Timestamptz,
    }
}

diesel::table! {
    infra.idempotency (tenant_id, key) {
        tenant_id -> Uuid,
        key -> Text,
        body_hmac -> Binary,
        status -> Nullable<SmallInt>,
        resource_id -> Nullable<Uuid>,
        expires_at -> Timestamptz,
    }
}
