ALTER TABLE contacts.queue DROP COLUMN due_at;
