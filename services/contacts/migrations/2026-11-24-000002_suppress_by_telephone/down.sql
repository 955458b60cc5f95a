ALTER TABLE contacts.contacts DROP COLUMN suppression_telephone;
