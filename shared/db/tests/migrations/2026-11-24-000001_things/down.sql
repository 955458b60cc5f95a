DROP TABLE contacts.things;
