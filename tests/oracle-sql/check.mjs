// An independent witness: does a grammar of Oracle's SQL, made by others, accept what is sent to Oracle?
//
// node check.mjs MODULES QUERIES [TRACE]
//   MODULES: the folder in which `npm ci` was run. QUERIES: the folder `queries`. TRACE: what the stand-in wrote down.
//
// It parses the shared queries, those for Oracle, and every statement of the program's in the trace that went well; it
// prints what it does not accept and then ends with 1. The first statement takes half a minute, each later one a moment.
import { readFileSync, readdirSync, existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, queries, trace] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(join(modules, "node_modules", path)));
const { PlSqlLexer, PlSqlParser } = await load("@griffithswaite/ts-plsql-parser/build/index.js");
const antlr4 = (await load("antlr4/dist/antlr4.node.mjs")).default;

// What the grammar does not know though Oracle does: patterns, each with what is read in its place, and its reason.
// JSON_SERIALIZE came with 19c. Source: the SQL reference of 19c, JSON_SERIALIZE
const UNKNOWN_TO_THE_GRAMMAR = [[/JSON_SERIALIZE\(([^()]*) RETURNING CLOB\)/g, "$1"]];

class Errors extends antlr4.error.ErrorListener {
  found = [];
  syntaxError(_recognizer, _symbol, line, column, message) {
    this.found.push(`${line}:${column} ${message.slice(0, 120)}`);
  }
}

// What is wrong with a statement, or nothing. The quick way of predicting finds some good statements wrong, and no wrong one
// good, so that only those it finds wrong are parsed in full.
function wrong(sql) {
  return parsed(sql, antlr4.atn.PredictionMode.SLL) && parsed(sql, antlr4.atn.PredictionMode.LL);
}

function parsed(sql, mode) {
  const errors = new Errors();
  const lexer = new PlSqlLexer(new antlr4.CharStream(`${sql.trim().replace(/;$/, "")};`));
  const parser = new PlSqlParser(new antlr4.CommonTokenStream(lexer));
  parser._interp.predictionMode = mode;
  for (const part of [lexer, parser]) {
    part.removeErrorListeners();
    part.addErrorListener(errors);
  }
  parser.buildParseTrees = false;
  parser.sql_script();
  return errors.found[0];
}

function selfCheck() {
  const good = ["SELECT a FROM t x FETCH FIRST 1 ROWS ONLY"];
  const bad = ["SELECT a FROM t AS x", "SELECT a FROM t LIMIT 1"];
  for (const sql of good) if (wrong(sql)) throw new Error(`the grammar rejects: ${sql}: ${wrong(sql)}`);
  for (const sql of bad) if (!wrong(sql)) throw new Error(`the grammar accepts: ${sql}`);
}

// The files of a folder, but for those of which there is one for Oracle.
function sqlFiles(folder, replaced = []) {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".sql") && !replaced.includes(name)).sort();
  return names.map((name) => [join(folder, name), readFileSync(join(folder, name), "utf8")]);
}

// The distinct statements of the program's that went well, numbers, texts and quoted names aside. What the tests send by
// themselves is not one of its own: the program is known by the settings that each of its sessions begins with.
function traced(path) {
  const distinct = new Map();
  const lines = readFileSync(path, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));
  const own = new Set(lines.filter(({ sql }) => sql.includes("SET NLS_COMP")).map(({ process }) => process));
  for (const { sql, error, process } of lines) {
    if (!own.has(process)) continue;
    const kind = sql.replace(/'[^']*'/g, "''").replace(/"[^"]*"/g, '"X"').replace(/\d+/g, "0").replace(/\s+/g, " ");
    if (error === null && !distinct.has(kind)) distinct.set(kind, [path, sql]);
  }
  return [...distinct.values()];
}

selfCheck();
const own = join(queries, "oracle");
const statements = [...sqlFiles(queries, existsSync(own) ? readdirSync(own) : []), ...sqlFiles(own)];
if (trace && existsSync(trace)) statements.push(...traced(trace));
let rejected = 0;
for (const [where, sql] of statements) {
  const known = UNKNOWN_TO_THE_GRAMMAR.reduce((text, [pattern, instead]) => text.replace(pattern, instead), sql);
  const message = wrong(known);
  if (message) {
    rejected += 1;
    console.error(`${where}: ${message}\n${sql.trim()}\n`);
  }
}
console.log(`${statements.length} statements, ${rejected} that are not Oracle's`);
process.exit(rejected ? 1 : 0);
