-- A contact that was deleted is nobody a statement can be about any more; what was said stays, as the proof it is, until the person is erased.
ALTER TABLE consent.subjects ADD COLUMN gone boolean NOT NULL DEFAULT false;
