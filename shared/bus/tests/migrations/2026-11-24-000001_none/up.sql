-- A service without tables.
SELECT 1;
