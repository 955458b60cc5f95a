//! The tables of schema `audit`.

diesel::table! {
    audit.head (only_row) {
        only_row -> Bool,
        size -> BigInt,
    }
}

diesel::table! {
    audit.nodes (level, index) {
        level -> SmallInt,
        index -> BigInt,
        hash -> Binary,
    }
}

diesel::table! {
    audit.checkpoints (size) {
        size -> BigInt,
        root -> Binary,
        note -> Text,
        signed_at -> Timestamptz,
    }
}

diesel::table! {
    audit.entries (tenant_id, leaf) {
        tenant_id -> Uuid,
        leaf -> BigInt,
        kind -> Text,
        happened_at -> Timestamptz,
        data -> Binary,
    }
}

diesel::table! {
    audit.subjects (tenant_id, commitment, leaf) {
        tenant_id -> Uuid,
        commitment -> Binary,
        leaf -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(entries, subjects);
