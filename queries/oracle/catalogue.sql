-- Question: which tables and views may this user read, with which columns, and which column is a key by itself?
-- Columns: owner, table_name, is_visible, is_readable, num_rows (as last counted), column_name, key_rank (1 the primary key,
-- 0 another one, else NULL), data_type, data_scale.
-- Index: none. Right: none.
SELECT c.owner, c.table_name,
  CASE WHEN c.owner = SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') THEN 'true' ELSE 'false' END AS is_visible,
  'true' AS is_readable, t.num_rows, c.column_name, k.key_rank, c.data_type, c.data_scale
FROM all_tab_columns c
LEFT JOIN all_tables t ON t.owner = c.owner AND t.table_name = c.table_name
LEFT JOIN (
  SELECT i.table_owner, i.table_name, ic.column_name,
    MAX(CASE WHEN p.constraint_name IS NOT NULL THEN 1 ELSE 0 END) AS key_rank
  FROM all_indexes i
  JOIN all_ind_columns ic ON ic.index_owner = i.owner AND ic.index_name = i.index_name
  LEFT JOIN all_cons_columns pc
    ON pc.owner = i.table_owner AND pc.table_name = i.table_name AND pc.column_name = ic.column_name
  LEFT JOIN all_constraints p
    ON p.owner = pc.owner AND p.constraint_name = pc.constraint_name AND p.constraint_type = 'P'
  WHERE i.uniqueness = 'UNIQUE'
    AND NOT EXISTS (
      SELECT 1
      FROM all_ind_columns more
      WHERE more.index_owner = i.owner AND more.index_name = i.index_name AND more.column_position = 2
    )
  GROUP BY i.table_owner, i.table_name, ic.column_name
) k ON k.table_owner = c.owner AND k.table_name = c.table_name AND k.column_name = c.column_name
WHERE c.owner NOT IN (SELECT username FROM all_users WHERE oracle_maintained = 'Y')
ORDER BY c.owner, c.table_name, c.column_id;
