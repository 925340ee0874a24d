-- Question: which status does a mail have now? The mapping chooses the row by its key.
-- Columns: id, status.
-- Index: the key. Right: SELECT.
SELECT id, status
FROM email_log;
