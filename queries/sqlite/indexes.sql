-- Question: which columns has each index of a table, in their order? Those of a part of the rows do not count.
-- Columns: index, column (NULL where it is an expression).
-- Index: none. Right: none.
SELECT i.name AS "index", c.name AS "column"
FROM pragma_index_list(?1) AS i
JOIN pragma_index_info(i.name) AS c
WHERE NOT i.partial
ORDER BY i.seq, c.seqno;
