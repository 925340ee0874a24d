-- Question: what do the columns of a table hold? A few rows tell. Here alone `email_log` has the columns of the table itself,
-- each as text and cut off.
-- Columns: those of the table.
-- Index: the table's key, for its newest and its oldest rows. Right: SELECT.
SELECT *
FROM email_log;
