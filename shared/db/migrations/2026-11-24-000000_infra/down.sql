DROP TABLE infra.idempotency, infra.inbox, infra.outbox_dead, infra.outbox;
