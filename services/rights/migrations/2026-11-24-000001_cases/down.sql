DROP TABLE rights.agenda, rights.parts, rights.outcomes, rights.cases;
