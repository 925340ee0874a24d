-- Question: between which values can no number of seconds since 1970 stand?
-- Texts and blobs sort after all numbers; numbers below 100,000,000 (1973) are an application's "never", and from
-- 100,000,000,000 on they may be milliseconds.
-- Columns: lower (included), upper (not included).
-- Index: (status, sent_date). Right: SELECT.
SELECT -9e999 AS lower, 100000000 AS upper
UNION ALL
SELECT 100000000000, x'ffffffff';
