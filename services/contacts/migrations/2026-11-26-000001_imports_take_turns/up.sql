-- Who works on a run, and until when by the database's own clock: then it is anybody's.
ALTER TABLE contacts.queue ADD COLUMN claimed_by text, ADD COLUMN claimed_until timestamptz;

-- Why a run failed, as a word.
ALTER TABLE contacts.imports ADD COLUMN failure text;
