DROP TABLE consent.acknowledgements, consent.states, consent.records, consent.subjects;
DROP FUNCTION consent.no_rewriting();
