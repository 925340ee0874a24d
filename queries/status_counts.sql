-- Question: how many rows have which status word, and how many of them an error text? A reply such as 250 is no error.
-- Columns: status, row_count, with_error.
-- Index: none; the program asks for a bounded number of rows. Right: SELECT.
SELECT status, count(*) AS row_count,
  count(CASE WHEN length(trim(error_message)) > 0 AND trim(error_message) NOT LIKE '2__ %' THEN 1 END) AS with_error
FROM email_log
GROUP BY status;
