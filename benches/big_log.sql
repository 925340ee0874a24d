-- Makes a big email_log; big_log.sh runs it and sets :rows and :failed (about how many rows fail).
--
-- The log is cut into equal stretches, one for each batch job of the year. A stretch begins with its batch, 40 ms from
-- mail to mail, in whose second half the provider refuses some ten mails; single mails fill the time until the next.
-- Every value follows from the row's number by arithmetic, so the same :rows and :failed give the same table.

PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;

CREATE TABLE email_log (
  id            INTEGER PRIMARY KEY,
  status        TEXT NOT NULL,
  sent_date     TEXT NOT NULL,
  sender        TEXT,
  recipient     TEXT,
  subject       TEXT,
  body          TEXT,
  error_message TEXT
);

WITH RECURSIVE
-- 11.6 failures to a stretch, ten of them in its batch; the others hit any row, with odds of 1 in `odds`
size AS MATERIALIZED (
  SELECT
    max(2, CAST(:rows * 11.6 / :failed AS INTEGER)) AS stretch,
    1767225600000                                   AS first_ms,   -- 2026-01-01
    27907200000                                     AS year_ms,    -- until 2026-11-20
    max(1, CAST(:rows * 7.25 / :failed AS INTEGER)) AS odds
),
counter (n) AS (
  SELECT 0
  UNION ALL
  SELECT n + 1 FROM counter WHERE n + 1 < :rows
),
-- two hashes of the row's number and one of the stretch's
hashed AS (
  SELECT
    n, n % stretch AS place, n - n % stretch AS start, stretch, first_ms, year_ms, odds,
    ((n + 17) * 2654435761 & 4294967295) * 1597334677 >> 20 & 16777215                       AS a,
    ((n + 71) * 2246822519 & 4294967295) * 1103515245 >> 18 & 16777215                       AS b,
    ((n - n % stretch + 5) * 3266489917 & 4294967295) * 1664525 >> 19 & 16777215             AS c
  FROM counter CROSS JOIN size
),
batched AS (
  SELECT *, min(60 + c % 140, stretch * 9 / 10) AS batch, 3 + c / 140 % 15 AS refusals
  FROM hashed
),
timed AS (
  SELECT
    n, place, a, b, batch,
    first_ms + CAST(start * 1.0 / :rows * year_ms AS INTEGER)
      + CASE
          WHEN place < batch THEN place * 40 + a % 30
          ELSE 15000 + CAST((place - batch + a % 900 / 1000.0)
                 / (stretch - batch) * (stretch * 1.0 / :rows * year_ms - 20000) AS INTEGER)
        END
      - CASE WHEN b % 40 = 0 THEN b / 40 % 4000 ELSE 0 END         -- now and then a row is written late
      AS ms,
    CASE
      WHEN place < batch AND place >= batch / 2 AND b % (batch - batch / 2) < refusals THEN 'throttled'
      WHEN b % odds = 0 THEN 'other'
      WHEN a % 1000 = 0 THEN 'pending'
      ELSE 'sent'
    END AS fate
  FROM batched
)
INSERT INTO email_log
SELECT
  n + 1,
  CASE fate WHEN 'sent' THEN 'S' WHEN 'pending' THEN 'P' ELSE 'F' END,
  strftime('%Y-%m-%d %H:%M:%f', ms / 1000.0, 'unixepoch'),
  CASE
    WHEN place < batch THEN 'reports@contoso.example'
    WHEN a % 10 < 5 THEN 'erp@contoso.example'
    WHEN a % 10 < 8 THEN 'tickets@contoso.example'
    ELSE 'billing@contoso.example'
  END,
  'user' || (a % 50000) || '@customer' || (b % 700) || '.example'
    || CASE WHEN a % 16 = 3 THEN ';copy' || (b % 90) || '@contoso.example' ELSE '' END,
  CASE
    WHEN place < batch THEN 'Daily report ' || place
    WHEN b % 3 = 0 THEN 'Invoice ' || (26000000 + n)
    WHEN b % 3 = 1 THEN 'Order 45' || (10000000 + n) || ' confirmed'
    ELSE '[#' || (80000 + n) || '] Your request'
  END,
  NULL,
  CASE
    WHEN fate = 'throttled' THEN
      CASE place % 4 WHEN 0 THEN '432 ' ELSE '' END
      || '4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information. [Hostname='
      || printf('DM%dPR%02dMB%04d.namprd%02d', a % 9, b % 20, a / 9 % 10000, b % 20) || '.prod.outlook.com]'
    WHEN fate = 'other' THEN
      CASE a % 8
        WHEN 0 THEN 'System.Net.Mail.SmtpException: The operation has timed out.'
        WHEN 1 THEN '451 4.7.500 Server busy. Please try again later from [203.0.113.' || (b % 200) || ']. (S' || (a % 90000) || ')'
        WHEN 2 THEN 'MailKit.Net.Smtp.SmtpProtocolException: The SMTP server has unexpectedly disconnected.'
        WHEN 3 THEN '550 5.2.2 STOREDRV.Deliver: mailbox full; queue id ' || printf('%010X', a * 4099 + b)
        WHEN 4 THEN ''
        ELSE '550 5.1.1 <user' || (a % 50000) || '@customer' || (b % 700) || '.example>: Recipient address rejected: User unknown'
      END
  END
FROM timed;
