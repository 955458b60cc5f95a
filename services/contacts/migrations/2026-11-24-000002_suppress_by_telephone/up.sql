-- A person is known by an e-mail address and by a telephone number: erased, they come back by neither. suppression_token is the address's;
-- in rows from before it may be the number's, where there was no address.
ALTER TABLE contacts.contacts
    ADD COLUMN suppression_telephone bytea CHECK (octet_length(suppression_telephone) = 32);
