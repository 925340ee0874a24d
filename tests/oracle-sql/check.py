"""A second independent witness: does sqlglot's grammar of Oracle's SQL accept what is sent to Oracle?

python3 check.py PACKAGES QUERIES [TRACE]
  PACKAGES: the folder that `pip install --target` filled. QUERIES: the folder `queries`. TRACE: what the stand-in wrote down.

It checks the shared queries, those for Oracle, and every statement of the program's in the trace that went well; it prints
what it does not accept and then ends with 1. sqlglot reads many dialects at once and repairs what it reads, so parsing alone
finds little. A statement is accepted only if:
  - sqlglot writes it for Oracle as it was written, word by word;
  - each function, form and type in it is one of those in allowed.py, and no bare name is a word that Oracle keeps for itself;
  - each table and column is known: the ledger's from its migrations, those of `email_log` from queries/README.md or from the
    mapping in front, those of Oracle's views from allowed.py. Of the user's own tables the columns are not known.
"""
import json
import logging
import re
import sys
from pathlib import Path

packages, queries = sys.argv[1], Path(sys.argv[2])
sys.path.insert(0, packages)
sys.dont_write_bytecode = True
import sqlglot  # noqa: E402
from cases import BAD, GOOD  # noqa: E402
from allowed import (  # noqa: E402
    FORMS, FUNCTIONS, NEEDED, PSEUDOCOLUMNS, RESERVED, SAME, SIZED, TYPES, UNKNOWN_PARTS, UNKNOWN_TO_THE_GRAMMAR,
    VIEWS,
)
from sqlglot import ErrorLevel, exp  # noqa: E402
from sqlglot.dialects.oracle import Oracle  # noqa: E402
from sqlglot.errors import ParseError, SqlglotError  # noqa: E402
from sqlglot.optimizer.qualify import qualify  # noqa: E402
from sqlglot.schema import MappingSchema  # noqa: E402
from sqlglot.tokens import TokenType  # noqa: E402

# it warns of what it does not know and goes on; here that is an error
logging.getLogger("sqlglot").setLevel(logging.ERROR)

# the schema that a table without one is looked up in
OWN = "OWN"


class AsWritten(Oracle):
    """Binds by number, and literals and types that sqlglot writes in another way than Oracle's reference does."""

    class Parser(Oracle.parser_class):
        COLON_PLACEHOLDER_TOKENS = Oracle.parser_class.COLON_PLACEHOLDER_TOKENS | {TokenType.NUMBER}
        TYPE_LITERAL_PARSERS = dict.fromkeys(
            [exp.DType.DATE, exp.DType.TIMESTAMP],
            lambda self, text, kind: self.expression(exp.Introducer(this=kind, expression=text)),
        )

    class Generator(Oracle.generator_class):
        TYPE_MAPPING = {**Oracle.generator_class.TYPE_MAPPING, exp.DType.TIMESTAMPLTZ: "TIMESTAMP WITH LOCAL TIME ZONE"}


class Wrong(Exception):
    pass


def wrong(sql, known):
    """What is wrong with a statement, or nothing."""
    if any(pattern.fullmatch(sql) for pattern in UNKNOWN_TO_THE_GRAMMAR):
        return None
    for part, instead in UNKNOWN_PARTS:
        sql = part.sub(instead, sql)
    try:
        statement = parsed(sql)
        for check in (check_words, check_functions, check_forms, check_types, check_names, check_selects):
            check(statement, sql)
        check_tables(statement, known)
        for query in reads(statement):
            check_groups(qualified(query, known))
    except ParseError as error:
        return "; ".join(f"{e['line']}:{e['col']} {e['description']}" for e in error.errors) or str(error)
    except (SqlglotError, Wrong) as error:
        return str(error)
    return None


def parsed(sql):
    statements = sqlglot.parse(sql, dialect=AsWritten, error_level=ErrorLevel.RAISE)
    if len(statements) != 1 or any(token.token_type == TokenType.SEMICOLON for token in AsWritten().tokenize(sql)):
        raise Wrong("not one statement without a semicolon")
    if statements[0].find(exp.Command):
        raise Wrong("unknown to the grammar, which keeps its text")
    return statements[0]


def check_words(statement, sql):
    """What sqlglot repairs (AS before a table's alias, LIMIT, ::, the order of clauses) it writes with other words."""
    written = statement.sql(dialect=AsWritten, comments=False, unsupported_level=ErrorLevel.RAISE)
    (ours, our_nots), (its, its_nots) = words(sql), words(written)
    if ours != its:
        at = next((i for i, pair in enumerate(zip(ours, its)) if pair[0] != pair[1]), min(len(ours), len(its)))
        here, there = (" ".join(side[max(at - 3, 0):at + 4]) for side in (ours, its))
        raise Wrong(f"written is <{here}>, Oracle's is <{there}>")
    if our_nots != its_nots:
        raise Wrong(f"NOT is written {our_nots} times, Oracle's is {its_nots} times")


def words(sql):
    """The words of a statement but for NOT, and how many NOTs; sqlglot writes NOT x IS NULL for x IS NOT NULL."""
    tokens = AsWritten().tokenize(sql)
    nots = sum(token.token_type == TokenType.NOT for token in tokens)
    return [spelled(token) for token in tokens if token.token_type != TokenType.NOT], nots


def spelled(token):
    if token.token_type == TokenType.STRING:
        return f"'{token.text}'"
    if token.token_type == TokenType.IDENTIFIER:
        return f'"{token.text}"'
    return SAME.get(token.text.upper(), token.text.upper())


def check_functions(statement, _sql):
    for function in statement.find_all(exp.Func):
        if type(function).__name__ in FORMS:
            continue
        name, given = arguments(function)
        if name not in FUNCTIONS:
            raise Wrong(f"a function that is not allowed here: {name}")
        if not fits(given, FUNCTIONS[name]):
            raise Wrong(f"{name} takes {FUNCTIONS[name] or 'no'} arguments, not {given}")


def arguments(function):
    """The name of a function as it is written, and how many arguments it has; None without brackets."""
    name, *rest = words(function.sql(dialect=AsWritten))[0]
    depth = commas = 0
    for word in rest:
        depth += (word == "(") - (word == ")")
        commas += word == "," and depth == 1
    return name, commas + (len(rest) > 2) if rest else None


def fits(given, numbers):
    if not numbers or given is None:
        return not numbers and given is None
    least, most = re.fullmatch(r"(\d)(?:-(\d)|\+)?", numbers).groups()
    return int(least) <= given <= (sys.maxsize if numbers.endswith("+") else int(most or least))


def check_names(statement, _sql):
    for name in statement.find_all(exp.Identifier):
        is_read = isinstance(name.parent, exp.Column) and name.name.upper() in PSEUDOCOLUMNS
        if not name.quoted and name.name.upper() in RESERVED and not is_read:
            raise Wrong(f"a reserved word as a name: {name.name}")


def check_forms(statement, _sql):
    for node in statement.walk():
        name = type(node).__name__
        parts = {part for part, value in node.args.items() if value not in (None, False, [], "")}
        if name not in FORMS and not isinstance(node, exp.Func):
            raise Wrong(f"a form that is not allowed here: {name}")
        if surplus := parts - FORMS.get(name, parts):
            raise Wrong(f"a form that is not allowed here: {name} with {', '.join(sorted(surplus))}")
        if name in NEEDED and not parts.intersection(NEEDED[name]):
            raise Wrong(f"{name} without {' or '.join(NEEDED[name])}")


def check_types(statement, _sql):
    for kind in statement.find_all(exp.DataType):
        if kind.this.name not in TYPES:
            raise Wrong(f"a type that is not allowed here: {kind.this.name}")
        if kind.this.name in SIZED and not kind.expressions:
            raise Wrong(f"{kind.this.name} without its size")
    for sum_ in statement.find_all(exp.Add, exp.Sub, exp.Mul):
        if sum_.left.is_string or sum_.right.is_string:
            raise Wrong(f"arithmetic with a text: {sum_.sql(dialect=AsWritten)}")


def check_selects(statement, _sql):
    for query in statement.find_all(exp.Select):
        if not query.args.get("from_"):
            raise Wrong("SELECT without FROM")
    for values in statement.find_all(exp.Values):
        if len(values.expressions) != 1 or not isinstance(values.parent, exp.Insert):
            raise Wrong("VALUES of several rows, or outside an INSERT")
    for both in statement.find_all(exp.SetOperation):
        if not both.is_star and len(both.left.selects) != len(both.right.selects):
            raise Wrong(f"{both.key} of {len(both.left.selects)} columns with {len(both.right.selects)}")


def check_tables(statement, known):
    """A table without a schema is the program's own, or one of Oracle's."""
    common = {stored(cte.args["alias"].this) for cte in statement.find_all(exp.CTE)}
    for table in statement.find_all(exp.Table):
        if not table.db and stored(table.this) not in common and not known.column_names(exp.table_(stored(table.this), db=OWN)):
            raise Wrong(f"unknown table: {table.name}")


def qualified(query, known):
    """The query with each of its columns looked up."""
    return qualify(query.copy(), dialect=AsWritten, db=OWN, schema=known, expand_alias_refs=False, quote_identifiers=False)


def check_groups(query):
    for select in query.find_all(exp.Select):
        counts = [count for count in select.find_all(exp.AggFunc) if count.parent_select is select]
        counts = [count for count in counts if not isinstance(count.parent, exp.Window)]
        if any(count.find_ancestor(exp.Where, exp.Select) is not select for count in counts):
            raise Wrong(f"{counts[0].key} in WHERE")
        group = select.args.get("group")
        if not group and not counts:
            continue
        keys = group.expressions if group else []
        for column in (column for shown in select.expressions for column in shown.find_all(exp.Column)):
            if column.parent_select is select and not column.find_ancestor(exp.AggFunc) and not is_within(column, keys):
                raise Wrong(f"{column.name} is neither counted nor grouped by")


def is_within(node, keys):
    while not isinstance(node, exp.Select):
        if node in keys:
            return True
        node = node.parent
    return False


def reads(statement):
    """The queries that ask for each column a statement names, since sqlglot looks up those of queries alone."""
    kind = type(statement)
    if isinstance(statement, exp.Query):
        return [statement]
    if kind in READS:
        return READS[kind](statement)
    if kind in (exp.Alter, exp.Commit, exp.Rollback, exp.Set):
        return []
    raise Wrong(f"{statement.key}: this check does not look up its columns")


def of_insert(insert):
    target, source = insert.this, insert.expression
    columns = target.expressions
    values = source.expressions[0].expressions if isinstance(source, exp.Values) else source.selects
    if len(columns) != len(values):
        raise Wrong(f"{len(columns)} columns and {len(values)} values")
    if len({stored(column) for column in columns}) != len(columns):
        raise Wrong("a column named twice")
    return [asks("DUAL", values) if isinstance(source, exp.Values) else source, *asks_of(target.this, columns)]


def of_update(update):
    return asks_of(update.this, [side for change in update.expressions for side in (change.this, change.expression)], update)


def of_delete(delete):
    return asks_of(delete.this, [exp.Literal.number(1)], delete)


def of_create(create):
    if create.kind == "TABLE":
        if any(not isinstance(part, (exp.ColumnDef, exp.PrimaryKey)) for part in create.this.expressions):
            raise Wrong("a column without a type")
        return []
    index = create.this
    return asks_of(index.args["table"], [column.this for column in index.args["params"].args["columns"]])


# kinds of statements that are not queries, with what makes queries of them
READS = {
    exp.Insert: of_insert,
    exp.Update: of_update,
    exp.Delete: of_delete,
    exp.Create: of_create,
}


def asks(table, expressions, filtered=None):
    columns = [exp.column(e.copy()) if isinstance(e, exp.Identifier) else e.copy() for e in expressions]
    query = exp.select(*columns).from_(table.copy() if isinstance(table, exp.Expression) else table)
    condition = filtered and filtered.args.get("where")
    return query.where(condition.this.copy()) if condition else query


def asks_of(table, expressions, filtered=None):
    """Nothing for a table of the user's, whose columns are not known."""
    return [] if table.db else [asks(table, expressions, filtered)]


def stored(name):
    """A name as the database keeps it."""
    return name.name if name.quoted else name.name.upper()


def schema():
    tables = {name: columns.split() for name, columns in VIEWS.items()}
    tables["EMAIL_LOG"] = canonical_columns()
    ledger = queries / "oracle" / "ledger"
    made = [*sorted(ledger.glob("migration_*.sql")), *ledger.glob("make_*.sql"), queries / "ledger" / "make_elsewhere.sql"]
    for sql in (sql for path in made for _, sql in statements_of(path)):
        statement = parsed(sql)
        if isinstance(statement, (exp.Create, exp.Alter)):
            table = statement.find(exp.Table)
            defined = [stored(column.this) for column in statement.find_all(exp.ColumnDef)]
            tables.setdefault(stored(table.this), []).extend(defined)
    shape = {name: dict.fromkeys(columns, "UNKNOWN") for name, columns in tables.items()}
    return MappingSchema({OWN: shape}, dialect=AsWritten, normalize=False)


def canonical_columns():
    """Those of the table in the README; it says that `raw` stands in quotes."""
    rows = re.findall(r"^\| (`.*?) \|", (queries / "README.md").read_text(), re.MULTILINE)
    names = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    return [name if name == "raw" else name.upper() for name in names]


def statements_of(path):
    """The statements of a file as the program sends them: without comments and semicolons, binds as :1."""
    text = re.sub(r"\$(\d+)", r":\1", path.read_text())
    statements, start, end = [], None, None
    for token in [*AsWritten().tokenize(text), None]:
        if token is None or token.token_type == TokenType.SEMICOLON:
            if start is not None:
                statements.append((path, text[start:end]))
            start = None
        else:
            start = token.start if start is None else start
            end = token.end + 1
    return statements


def shared(folder, own):
    """The files of a folder, but for those of which there is one for Oracle, and then these."""
    files = [path for path in sorted(folder.glob("*.sql")) if not (own / path.name).exists()]
    return [statement for path in [*files, *sorted(own.glob("*.sql"))] for statement in statements_of(path)]


def traced(path):
    """The distinct statements of the program's that went well, as check.mjs has them."""
    lines = [json.loads(line) for line in path.read_text().split("\n") if line]
    own = {line["process"] for line in lines if "SET NLS_COMP" in line["sql"]}
    distinct = {}
    for line in lines:
        if line["process"] in own and line["error"] is None:
            kind = re.sub(r"\"[^\"]*\"", '"X"', re.sub(r"'[^']*'", "''", line["sql"]))
            distinct.setdefault(re.sub(r"\s+", " ", re.sub(r"\d+", "0", kind)), (path, line["sql"]))
    return list(distinct.values())


def self_check(known):
    for sql in GOOD:
        if message := wrong(sql, known):
            raise SystemExit(f"the grammar rejects: {sql}: {message}")
    for sql, part in BAD.items():
        message = wrong(sql, known)
        if not message or part not in message:
            raise SystemExit(f"the grammar accepts, or finds something else wrong in: {sql}: {message}")


def main():
    known = schema()
    self_check(known)
    own = queries / "oracle"
    statements = shared(queries, own) + shared(queries / "ledger", own / "ledger")
    if len(sys.argv) > 3:
        statements += traced(Path(sys.argv[3])) or sys.exit(f"{sys.argv[3]}: no statement of the program's")
    rejected = 0
    for where, sql in statements:
        if message := wrong(sql, known):
            rejected += 1
            print(f"{where}: {message}\n{sql}\n", file=sys.stderr)
    print(f"{len(statements)} statements, {rejected} that are not Oracle's")
    sys.exit(1 if rejected else 0)


main()
