-- Question: when was each mail tried, with which outcome, from which mailbox, to how many?
-- Numbers alone, since the client keeps room for the longest text of each row of an answer: times as 20261120083015123, those
-- with a zone in UTC; the pair of status and mailbox by its number in attempt_pairs.sql, times ten million, and the recipients.
-- Columns: sent_at, pair_and_recipients, ended_at.
-- Index: (sent_date) or (status, sent_date) for a window. Right: SELECT.
SELECT
  CAST(TO_NUMBER(TO_CHAR(
    SYS_EXTRACT_UTC(CAST(sent_date AS TIMESTAMP(9) WITH TIME ZONE)), 'SYYYYMMDDHH24MISSFF3'
  )) AS NUMBER(17)) AS sent_at,
  CAST(ORA_HASH(
    CAST(TO_CHAR(SUBSTR(status, 1, 100)) AS VARCHAR2(100)) || CHR(31) || CAST(TO_CHAR(SUBSTR(sender, 1, 400)) AS VARCHAR2(400))
  ) * 10000000 + LEAST(
    CASE
      WHEN INSTR(recipient, '@') > 0 THEN LENGTH(recipient) - NVL(LENGTH(REPLACE(recipient, '@')), 0)
      WHEN LENGTH(REPLACE(REPLACE(recipient, ';'), ' ')) > 0 THEN 1
      ELSE 0
    END + CASE
      WHEN INSTR(cc, '@') > 0 THEN LENGTH(cc) - NVL(LENGTH(REPLACE(cc, '@')), 0)
      WHEN LENGTH(REPLACE(REPLACE(cc, ';'), ' ')) > 0 THEN 1
      ELSE 0
    END + CASE
      WHEN INSTR(bcc, '@') > 0 THEN LENGTH(bcc) - NVL(LENGTH(REPLACE(bcc, '@')), 0)
      WHEN LENGTH(REPLACE(REPLACE(bcc, ';'), ' ')) > 0 THEN 1
      ELSE 0
    END, 9999999
  ) AS NUMBER(17)) AS pair_and_recipients,
  CAST(TO_NUMBER(TO_CHAR(
    SYS_EXTRACT_UTC(CAST(finished_at AS TIMESTAMP(9) WITH TIME ZONE)), 'SYYYYMMDDHH24MISSFF3'
  )) AS NUMBER(17)) AS ended_at
FROM email_log;
