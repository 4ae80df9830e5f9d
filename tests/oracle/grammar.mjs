// Reads one JSON string per line, answers each with a line of JSON: the first few places where the text is no Oracle SQL or PL/SQL.
import readline from 'node:readline';
import { install } from './resolve.mjs';

install();
const { mendHashing } = await import('./hashing.mjs');
mendHashing();
const antlr4 = await import('antlr4');
const { PlSqlLexer, PlSqlParser } = await import('@griffithswaite/ts-plsql-parser');

// The grammar knows its words in capitals only: what is looked at is folded, what is kept stays as it was written.
class Folded extends antlr4.CharStream {
  LA(offset) {
    const code = super.LA(offset);
    return code >= 97 && code <= 122 ? code - 32 : code;
  }
}

class Faults extends antlr4.ErrorListener {
  found = [];
  syntaxError(recognizer, symbol, line, column, message) {
    this.found.push(`line ${line}, column ${column + 1}: ${message.slice(0, 160)}`);
  }
}

function faults(text, prediction) {
  const listener = new Faults();
  const lexer = new PlSqlLexer(new Folded(text));
  lexer.removeErrorListeners();
  lexer.addErrorListener(listener);
  const parser = new PlSqlParser(new antlr4.CommonTokenStream(lexer));
  parser.removeErrorListeners();
  parser.addErrorListener(listener);
  parser._interp.predictionMode = prediction;
  parser.sql_script();
  return listener.found.slice(0, 3);
}

// The quick way of predicting never takes what the thorough one refuses; it only refuses more.
const [QUICK, THOROUGH] = [0, 1];
function check(text) {
  const quick = faults(text, QUICK);
  return quick.length ? faults(text, THOROUGH) : quick;
}

const lines = readline.createInterface({ input: process.stdin });
lines.on('line', (line) => process.stdout.write(JSON.stringify(check(JSON.parse(line))) + '\n'));
