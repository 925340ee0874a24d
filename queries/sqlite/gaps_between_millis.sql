-- Question: between which values can no number of milliseconds since 1970 stand?
-- Texts and blobs sort after all numbers; numbers below 100,000,000,000 (1973) may be seconds, those above
-- 253,402,300,799,999 lie after the year 9999.
-- Columns: lower (included), upper (not included).
-- Index: (status, sent_date). Right: SELECT.
SELECT -9e999 AS lower, 100000000000 AS upper
UNION ALL
SELECT 253402300799999, x'ffffffff';
