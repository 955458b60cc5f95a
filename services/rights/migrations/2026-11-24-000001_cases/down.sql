DROP TABLE rights.links, rights.parts, rights.outcomes, rights.cases;
