DROP TABLE contacts.queue, contacts.import_rejects, contacts.import_chunks, contacts.imports, contacts.attestations, contacts.suppressions, contacts.contacts;
