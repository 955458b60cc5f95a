ALTER TABLE contacts.imports DROP COLUMN failure;
ALTER TABLE contacts.queue DROP COLUMN claimed_until, DROP COLUMN claimed_by;
