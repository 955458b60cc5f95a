CREATE TABLE contacts.things (id uuid PRIMARY KEY);
