-- Question: between which texts can no valid ISO date stand?
-- An index finds the rows in these gaps (words, empty texts, 0000-00-00, 2026-02-30, 20/11/2026) without a look at
-- the others; before 2005 and after 2034 the reader decides. The first gap takes numbers, where a column holds both.
-- Columns: lower (included), upper (not included).
-- Index: (status, sent_date). Right: SELECT.
WITH RECURSIVE month (first, next) AS (
  SELECT '2005-01-01', '2005-02-01'
  UNION ALL
  SELECT next, date(next, '+1 month') FROM month WHERE next < '2035-01-01'
)
SELECT -9e999 AS lower, '' AS upper
UNION ALL
SELECT '', '2005-01-01'
UNION ALL
SELECT date(next, '-1 day') || '~', next FROM month
UNION ALL
SELECT '2035-01-01', x'ffffffff';
