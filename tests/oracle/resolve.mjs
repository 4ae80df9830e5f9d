// Takes ANTLR's runtime from the sources in its package: what is built for old browsers there needs three times as long.
import { register } from 'node:module';

const runtime = new URL('./node_modules/antlr4/src/antlr4/index.node.js', import.meta.url).href;

export function resolve(name, context, next) {
  return name === 'antlr4' ? { url: runtime, shortCircuit: true } : next(name, context);
}

export function install() {
  register(import.meta.url);
}
