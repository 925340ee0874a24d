-- Question: which columns has each index of a table, in their order?
-- Binds: owner, table_name.
-- Columns: index_name, column_name.
-- Index: none. Right: none.
SELECT ic.index_name, ic.column_name
FROM all_ind_columns ic
JOIN all_indexes i ON i.owner = ic.index_owner AND i.index_name = ic.index_name
WHERE ic.table_owner = :1 AND ic.table_name = :2 AND i.status <> 'UNUSABLE'
ORDER BY ic.index_owner, ic.index_name, ic.column_position;
