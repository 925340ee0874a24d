-- Question: for which table of this database does a synonym stand?
-- Binds: owner, synonym_name.
-- Columns: table_owner, table_name.
-- Index: none. Right: none.
SELECT table_owner, table_name
FROM all_synonyms
WHERE owner = :1 AND synonym_name = :2 AND db_link IS NULL;
