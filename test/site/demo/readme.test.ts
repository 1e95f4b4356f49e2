/*
 * The texts of the template itself: its README.md, its LICENSE, and the places that have its name. An
 * owner replaces these texts, and deletes this test with the demo.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readSiteConfig } from '../../../tools/iis/config';
import { Refusal } from '../../../tools/refusal';
import { checkName, packageName } from '../../../tools/rename/name';
import { mentions, renameIn, taken } from '../../../tools/rename/places';
import { fillRepository, hasNoRepository, HOLDER } from '../../../tools/rename/repository';
import { appPath, root } from '../../support/template';

const current = appPath.slice(1);
/** A name that no file has. */
const OTHER = 'Qw.erty-9';
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const readme = read('README.md');

test('the README has the commonest symptoms only, and leads to the page', () => {
  const [, table] = readme.split('| what you see | cause | what to change |\n');
  const shown = table!.split('\n\n')[0]!.split('\n').slice(1);
  assert(shown.length > 0 && shown.length <= 10, String(shown.length));
  assert(shown.every(row => row.startsWith('|')), shown.join('\n'));
  assert(readme.includes('(docs/troubleshooting.md)'));
});

test('the files that the README names are there', () => {
  const names = [...readme.matchAll(/`((?:src|public|docs|test|tools|deploy|\.github)\/[\w./-]*)`/g)].map(([, name]) => name!);
  assert(names.includes('src/app.ts') && names.includes('test/app.test.ts'), names.join(' '));
  assert.deepEqual(names.filter(name => !existsSync(path.join(root, name))), []);
});

test('the settings that the README names have the defaults of the page of settings', () => {
  const tables = ['README.md', path.join('docs', 'settings.md')].map(file => {
    const rows = read(file).matchAll(/^\| `([A-Z_]+)` \| (\S+) \|/gm);
    return new Map([...rows].map(([, name, value]) => [name, value]));
  });
  const [short, whole] = tables as [Map<string, string>, Map<string, string>];
  assert.equal(short.size, 4);
  for (const [name, value] of short) assert.equal(value, whole.get(name), name);
});

test('every word of the README can be the name, and give way to another; the few that could not be told apart are refused', () => {
  const { filtering } = readSiteConfig(root, '7.5');
  const files = ['README.md', 'web.config', 'public/index.html', 'package.json', 'src/config.ts'].map(file => [file, read(file)] as const);
  const directly = new Map(files.map(([file, text]) => [file, renameIn(file, text, current, OTHER).text]));
  const words = new Set(readme.match(/[\w.-]+/g));
  const refused: string[] = [];
  let given = 0;
  for (const word of words) {
    try {
      checkName(word, filtering);
    } catch (error) {
      assert(error instanceof Refusal);
      continue;
    }
    for (const [file, text] of files) {
      const line = taken(file, text, current, word);
      if (line !== null) {
        refused.push(word);
        assert.match(text.split('\n')[line - 1]!, new RegExp(`(/|\\\\|['"\`])${word.replaceAll('.', '\\.')}\\b`), `${word}, line ${line}`);
        break;
      }
      assert.equal(renameIn(file, renameIn(file, text, current, word).text, word, OTHER).text, directly.get(file), word);
    }
    given += 1;
  }
  assert(given > 100, String(given));
  assert(refused.length < 10, refused.join(' '));
});

test('the name in the README\'s example is free in the README', () => {
  assert.match(readme, /`npm run rename -- [\w.-]+`/);
  assert.equal(taken('README.md', readme, current, current === 'chat' ? 'talk' : 'chat'), null);
});

test('rename finds each place of the name in the template\'s own texts, and leaves no question', () => {
  for (const file of ['README.md', 'package.json', 'package-lock.json', 'public/index.html']) {
    const { text } = fillRepository(read(file), 'https://github.com/ada/engine');
    assert(!hasNoRepository(text), file);
    const renamed = renameIn(file, text, current, OTHER);
    assert(renamed.places > 0, file);
    assert.deepEqual(renamed.missing, [], file);
    assert.deepEqual(mentions(renamed.text, current), [], file);
    const last = renameIn(file, renamed.text, OTHER, 'last').text;
    for (const form of [OTHER, packageName(OTHER)]) assert(!last.includes(form), file);
    assert.equal(last, renameIn(file, text, current, 'last').text, 'a single rename has the same result');
    if (file === 'README.md') assert.match(renamed.text, new RegExp(`^# ${OTHER}: .+`));
  }
});

test('no other file of src/ has the path of the application; rename says that LICENSE needs its owner', () => {
  const sources = readdirSync(path.join(root, 'src')).filter(name => name.endsWith('.ts'));
  for (const name of sources) {
    const text = renameIn(`src/${name}`, read(`src/${name}`), current, OTHER).text;
    assert.deepEqual(mentions(text, current), [], name);
  }
  assert(sources.includes('config.ts'));
  assert(read('LICENSE').includes(HOLDER));
});
