-- Question: between which texts can no valid ISO date stand?
-- An index finds the rows in these gaps (words, empty texts, 0000-00-00, 2026-02-30, 20/11/2026) without a look at
-- the others; before 2000 and after 2039 the reader decides. The first gap takes numbers, where a column holds both.
-- Columns: lower (included), upper (not included).
-- Index: (status, sent_date). Right: SELECT.
WITH RECURSIVE month (first) AS (
  SELECT '2000-01-01'
  UNION ALL
  SELECT date(first, '+1 month') FROM month WHERE first < '2039-12-01'
)
SELECT -9e999 AS lower, '' AS upper
UNION ALL
SELECT '', '2000-01-01'
UNION ALL
SELECT date(first, '+1 month', '-1 day') || '~', date(first, '+1 month') FROM month WHERE first < '2039-12-01'
UNION ALL
SELECT '2039-12-31~', x'ffffffff';
