-- Question: which columns does a table or view have, generated ones included, and which of them is a key by itself?
-- Columns: name, key (1 the primary key, 0 another one, else NULL).
-- Index: none. Right: none.
SELECT c.name,
  CASE
    WHEN c.pk = 1 AND (SELECT count(*) FROM pragma_table_xinfo(?1) WHERE pk > 0) = 1 THEN 1
    WHEN EXISTS (
      SELECT 1
      FROM pragma_index_list(?1) AS i
      WHERE i."unique" AND NOT i.partial
        AND (SELECT group_concat(name, char(0)) FROM pragma_index_info(i.name)) = c.name
    ) THEN 0
  END AS key
FROM pragma_table_xinfo(?1) AS c
ORDER BY c.cid;
