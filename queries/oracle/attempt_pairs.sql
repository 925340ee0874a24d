-- Question: which pairs of status and mailbox are there, by which number does attempts.sql name each, and how often was it tried?
-- Two pairs may share a number: then the attempts have to come as texts.
-- Columns: pair, status, sender, attempts.
-- Index: (sent_date) or (status, sent_date) for a window. Right: SELECT.
SELECT pair, status, sender, COUNT(*) AS attempts
FROM (
  SELECT
    CAST(ORA_HASH(CAST(status AS VARCHAR2(100)) || CHR(31) || CAST(sender AS VARCHAR2(400))) AS NUMBER(10)) AS pair,
    CAST(status AS VARCHAR2(100)) AS status, CAST(sender AS VARCHAR2(400)) AS sender
  FROM email_log
)
GROUP BY pair, status, sender;
