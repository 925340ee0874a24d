-- Question: which columns has each index of a table, in their order? Of a computed column the expression: an index on a time
-- with a zone has its UTC.
-- Binds: owner, table_name.
-- Columns: index_name, column_name, column_expression.
-- Index: none. Right: none.
SELECT ic.index_name, ic.column_name, e.column_expression
FROM all_ind_columns ic
JOIN all_indexes i ON i.owner = ic.index_owner AND i.index_name = ic.index_name
LEFT JOIN all_ind_expressions e
  ON e.index_owner = ic.index_owner AND e.index_name = ic.index_name AND e.column_position = ic.column_position
WHERE ic.table_owner = :1 AND ic.table_name = :2 AND i.status <> 'UNUSABLE' AND i.visibility = 'VISIBLE'
ORDER BY ic.index_owner, ic.index_name, ic.column_position;
