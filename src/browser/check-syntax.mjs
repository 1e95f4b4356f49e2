/*
 * Refuses syntax in public/*.js that is newer than `target` in tsconfig.json, for `npm run build`.
 * The compiler takes newer syntax in a script whatever the target is, because it would translate
 * the syntax; but the scripts go to the browser as they are.
 */
import console from 'console';
import fs from 'fs';
import path from 'path';
import process from 'process';
import { fileURLToPath } from 'url';

const here = path.dirname(fileURLToPath(import.meta.url));
const pages = path.join(here, '..', '..', 'public');
const settings = path.join(here, 'tsconfig.json');
/** The time of this file is that of the last check that found nothing. */
const stamp = path.join(here, '..', '..', 'dist', 'browser-syntax.tsbuildinfo');

function scriptsIn(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) return scriptsIn(name);
    return entry.name.endsWith('.js') ? [name] : [];
  });
}

const timeOf = file => fs.existsSync(file) ? fs.statSync(file).mtimeMs : 0;
const changed = scriptsIn(pages).filter(file => {
  return Math.max(timeOf(file), timeOf(settings)) >= timeOf(stamp);
});
if (changed.length > 0) void check(changed);

async function check(files) {
  // Loaded here: most builds have nothing to check.
  const { default: ts } = await import('typescript');
  const { config } = ts.readConfigFile(settings, ts.sys.readFile);
  const { target } = ts.convertCompilerOptionsFromJson(config.compilerOptions, here).options;
  const lines = (text, as) => {
    const compilerOptions = { target: as, removeComments: true, module: ts.ModuleKind.None };
    return ts.transpileModule(text, { compilerOptions }).outputText.split('\n');
  };
  let isNewer = false;
  for (const file of files) {
    const text = fs.readFileSync(file, 'utf8');
    const asItIs = lines(text, ts.ScriptTarget.ESNext);
    const translated = lines(text, target);
    const at = asItIs.findIndex((line, i) => line !== translated[i]);
    if (at < 0) continue;
    isNewer = true;
    const name = path.relative(path.join(pages, '..'), file).replace(/\\/g, '/');
    console.error(`${name}: newer syntax than ${ts.ScriptTarget[target]}: ${asItIs[at].trim()}`);
  }
  if (isNewer) {
    console.error('Old browsers cannot read it: "target" in src/browser/tsconfig.json allows it.');
    process.exitCode = 1;
  } else {
    fs.mkdirSync(path.dirname(stamp), { recursive: true });
    fs.writeFileSync(stamp, '');
  }
}
