ALTER TABLE consent.subjects DROP COLUMN gone;
