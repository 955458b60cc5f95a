-- When a run is worked on next: at once while it is to be committed, and when its rows and its key come to their end.
ALTER TABLE contacts.queue ADD COLUMN due_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX queue_by_time ON contacts.queue (tenant_id, due_at);

-- A file that nobody let in comes to its end too.
ALTER TABLE contacts.imports DROP CONSTRAINT imports_state_check;
ALTER TABLE contacts.imports ADD CONSTRAINT imports_state_check CHECK (state IN ('staging', 'needs-mapping', 'staged', 'committing', 'done', 'failed', 'expired'));
