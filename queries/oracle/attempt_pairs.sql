-- Question: which pairs of status and mailbox are there, by which number does attempts.sql name each, and how often was it tried?
-- Where several pairs share a number the attempts have to come as texts. Grouped by the number alone, since a column may have a
-- collation of its own, which takes upper and lower case for the same.
-- Columns: pair, status, sender, attempts, is_shared.
-- Index: (sent_date) or (status, sent_date) for a window. Right: SELECT.
SELECT pair, MIN(status) AS status, MIN(sender) AS sender, COUNT(*) AS attempts,
  CASE
    WHEN MIN(status) <> MAX(status) OR MIN(sender) <> MAX(sender) THEN 1
    WHEN COUNT(status) NOT IN (0, COUNT(*)) OR COUNT(sender) NOT IN (0, COUNT(*)) THEN 1
    ELSE 0
  END AS is_shared
FROM (
  SELECT
    CAST(ORA_HASH(
      CAST(TO_CHAR(SUBSTR(status, 1, 100)) AS VARCHAR2(100)) || CHR(31) || CAST(TO_CHAR(SUBSTR(sender, 1, 400)) AS VARCHAR2(400))
    ) AS NUMBER(10)) AS pair,
    CAST(TO_CHAR(SUBSTR(status, 1, 100)) AS VARCHAR2(100)) AS status,
    CAST(TO_CHAR(SUBSTR(sender, 1, 400)) AS VARCHAR2(400)) AS sender
  FROM email_log
)
GROUP BY pair;
