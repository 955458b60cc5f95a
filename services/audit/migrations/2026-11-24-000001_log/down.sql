DROP TABLE audit.subjects, audit.entries, audit.checkpoints, audit.nodes, audit.head;
DROP FUNCTION audit.only_grows();
