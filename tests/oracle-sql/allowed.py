"""What the statements for Oracle may be made of: functions, forms, types, views. Anything else is an error. Before you add to it,
see that release 19c has it, in the SQL reference or the database reference."""
import re

# What sqlglot does not know though Oracle does: patterns of whole statements, each with its reason.
UNKNOWN_TO_THE_GRAMMAR = [
    # it keeps the text as it is. Source: the SQL reference of 19c, ALTER SESSION
    re.compile(r"ALTER SESSION SET (NLS_[A-Z_]+|TIME_ZONE) = '[^']*'"),
    # it knows COMMIT alone. Source: the SQL reference of 19c, COMMIT
    re.compile(r"COMMIT WRITE IMMEDIATE WAIT"),
]

# Parts of statements likewise, each with what is read in its place.
UNKNOWN_PARTS = [
    # it knows no RETURNING there. Source: the SQL reference of 19c, JSON_SERIALIZE
    (re.compile(r"JSON_SERIALIZE\(([^()]*) RETURNING CLOB\)"), r"\1"),
]

# Two names of one type; sqlglot writes the second. Source: the SQL reference of 19c, data types
SAME = {"NUMERIC": "NUMBER", "VARCHAR": "VARCHAR2"}

# The functions in use, with how many arguments they take; without a number they have no brackets. sqlglot takes any name for a
# function's, and of many it does not know how many arguments they need.
FUNCTIONS = {name: numbers for name, _, numbers in (word.partition(":") for word in """
  CHR:1 COALESCE:2+ COUNT:1 FROM_TZ:2 INSTR:2-4 JSON_QUERY:2 JSON_VALUE:2 LEAST:1+ LENGTH:1 LOWER:1 MAX:1 MIN:1 NVL:2 ORA_HASH:1-3 REGEXP_LIKE:2-3
  REPLACE:2-3 ROWIDTOCHAR:1 ROW_NUMBER:0 RTRIM:1-2 SUBSTR:2-3 SUM:1 SYSTIMESTAMP SYS_CONTEXT:2-3 SYS_EXTRACT_UTC:1 TO_CHAR:1-3 TO_CLOB:1-2 TO_DATE:1-3 TO_NCHAR:1-3
  TO_NCLOB:1   TO_NUMBER:1-3 TO_TIMESTAMP:1-3 TRIM:1 UPPER:1
""".split())}

# The forms in use, by sqlglot's names, with their parts. sqlglot takes those of every dialect and writes many of them unchanged.
FORMS = {form: set(parts.split()) for form, parts in (line.split(":") for line in """
  Select: with_ hint distinct expressions from_ joins where group having order limit locks
  Having: this
  Hint: expressions
  Union: this expression
  With: expressions
  CTE: this alias
  Subquery: this alias
  From: this
  Table: this db alias
  TableAlias: this
  Join: this side on
  Where: this
  Group: expressions
  Order: expressions
  Ordered: this desc nulls_first
  Fetch: direction count limit_options
  LimitOptions: rows
  Lock: update wait
  Distinct:
  Insert: this expression
  Values: expressions
  Tuple: expressions
  Schema: this expressions
  Update: this expressions where
  Delete: this where
  Create: this kind
  Alter: this kind actions
  ColumnDef: this kind constraints
  ColumnConstraint: kind
  NotNullColumnConstraint:
  PrimaryKeyColumnConstraint:
  PrimaryKey: expressions include
  Index: this table params
  IndexParameters: columns
  DataType: this expressions
  DataTypeParam: this expression
  Div: this expression typed safe
  Set: expressions
  SetItem: kind expressions
  Var: this
  Commit:
  Rollback:
  Alias: this alias
  Column: this table
  Identifier: this quoted
  Star:
  Placeholder: this
  JSONValue: this path
  JSONPath: expressions
  JSONPathRoot:
  JSONPathKey: this
  JSONPathSubscript: this
  Literal: this is_string
  Introducer: this expression
  Null:
  Paren: this
  Add: this expression
  Sub: this expression
  Mul: this expression
  DPipe: this expression safe
  EQ: this expression
  NEQ: this expression
  GT: this expression
  GTE: this expression
  LT: this expression
  LTE: this expression
  And: this expression
  Or: this expression
  Not: this
  Is: this expression
  In: this expressions query
  Like: this expression negate
  Exists: this
  Case: this ifs default
  If: this true
  Cast: this to
  Window: this over order
""".strip().splitlines()) for form in [form.strip()]}
# of which one must be there, though sqlglot does without
NEEDED = {
    "ColumnDef": ["kind"],
    "Group": ["expressions"],
    "In": ["expressions", "query"],
    "Lock": ["update"],
    "Placeholder": ["this"],
    "Select": ["expressions"],
}

# The types in use, by sqlglot's names, and those of them that need a size
TYPES = set("CHAR DATE DECIMAL TIMESTAMP TIMESTAMPLTZ TIMESTAMPTZ VARCHAR".split())
SIZED = {"CHAR", "VARCHAR"}

# Oracle's reserved words. Source: the SQL reference of 19c, appendix E. Of them the pseudocolumns may be read.
PSEUDOCOLUMNS = set("LEVEL ROWID ROWNUM".split())
RESERVED = PSEUDOCOLUMNS | set("""
  ACCESS ADD ALL ALTER AND ANY AS ASC AUDIT BETWEEN BY CHAR CHECK CLUSTER COLUMN COLUMN_VALUE COMMENT COMPRESS CONNECT CREATE
  CURRENT DATE DECIMAL DEFAULT DELETE DESC DISTINCT DROP ELSE EXCLUSIVE EXISTS FILE FLOAT FOR FROM GRANT GROUP HAVING IDENTIFIED
  IMMEDIATE IN INCREMENT INDEX INITIAL INSERT INTEGER INTERSECT INTO IS LIKE LOCK LONG MAXEXTENTS MINUS MLSLABEL MODE MODIFY
  NESTED_TABLE_ID NOAUDIT NOCOMPRESS NOT NOWAIT NULL NUMBER OF OFFLINE ON ONLINE OPTION OR ORDER PCTFREE PRIOR PUBLIC RAW RENAME
  RESOURCE REVOKE ROW ROWS SELECT SESSION SET SHARE SIZE SMALLINT START SUCCESSFUL SYNONYM SYSDATE TABLE THEN TO TRIGGER UID
  UNION UNIQUE UPDATE USER VALIDATE VALUES VARCHAR VARCHAR2 VIEW WHENEVER WHERE WITH
""".split())

# The columns in use of Oracle's own views. Source: the database reference of 19c
VIEWS = {
    "DUAL": "DUMMY",
    "ALL_CONS_COLUMNS": "OWNER CONSTRAINT_NAME TABLE_NAME COLUMN_NAME",
    "ALL_CONSTRAINTS": "OWNER CONSTRAINT_NAME CONSTRAINT_TYPE TABLE_NAME",
    "ALL_DEPENDENCIES": "OWNER NAME TYPE REFERENCED_OWNER REFERENCED_NAME REFERENCED_TYPE",
    "ALL_IND_COLUMNS": "INDEX_OWNER INDEX_NAME TABLE_OWNER TABLE_NAME COLUMN_NAME COLUMN_POSITION",
    "ALL_IND_EXPRESSIONS": "INDEX_OWNER INDEX_NAME TABLE_OWNER TABLE_NAME COLUMN_EXPRESSION COLUMN_POSITION",
    "ALL_INDEXES": "OWNER INDEX_NAME TABLE_OWNER TABLE_NAME UNIQUENESS STATUS VISIBILITY",
    "ALL_OBJECTS": "OWNER OBJECT_NAME OBJECT_TYPE",
    "ALL_SYNONYMS": "OWNER SYNONYM_NAME TABLE_OWNER TABLE_NAME DB_LINK",
    "ALL_TAB_COLUMNS": "OWNER TABLE_NAME COLUMN_NAME COLUMN_ID DATA_TYPE DATA_SCALE",
    "ALL_TAB_PRIVS": "GRANTEE TABLE_SCHEMA TABLE_NAME PRIVILEGE",
    "ALL_TABLES": "OWNER TABLE_NAME NUM_ROWS",
    "ALL_USERS": "USERNAME ORACLE_MAINTAINED",
    "SESSION_PRIVS": "PRIVILEGE",
    "SESSION_ROLES": "ROLE",
    "V$SESSION_CONNECT_INFO": "SID NETWORK_SERVICE_BANNER",
}
