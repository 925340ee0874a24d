-- Question: how far is the clock of the database's host ahead of UTC, as SYSDATE has it?
-- Columns: zone, as +01:00.
-- Index: none. Right: none.
SELECT TO_CHAR(SYSTIMESTAMP, 'TZH:TZM') AS zone
FROM dual;
