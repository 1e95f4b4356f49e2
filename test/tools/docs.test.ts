/* `npm run docs` fills texts from code into the pages of docs/. Each page has the present texts. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Block, BLOCKS, fill, fillPage } from '../../tools/docs/blocks';
import { appPath, root } from '../support/template';
import { DELETABLE } from './clones/cases';
import { makeWorld, NAME, test as onStandIns } from './deploy/world';

for (const file of new Set(BLOCKS.map(block => block.file))) {
  test(`${file} has the texts that come from code: else npm run docs`, { skip: !existsSync(path.join(root, file)) }, () => {
    const page = readFileSync(path.join(root, file), 'utf8');
    assert.equal(page, fillPage(file, page, appPath));
  });
}

test('a text is filled in between its marks, and nothing else changes', () => {
  const block = (mark: string): Block => ({ file: 'a.md', mark, text: at => `<${mark} of ${at}>` });
  const page = 'before\n<!-- one -->\nold\n\nold\n<!-- end -->\nbetween\n<!-- two -->\n<!-- end -->\nafter\n';
  const filled = 'before\n<!-- one -->\n<one of /x>\n<!-- end -->\nbetween\n<!-- two -->\n<two of /x>\n<!-- end -->\nafter\n';
  const blocks = [block('one'), block('two'), { ...block('three'), file: 'b.md' }];
  assert.equal(fillPage('a.md', page, '/x', blocks), filled);
  assert.equal(fillPage('a.md', filled, '/x', blocks), filled);
  const windows = (text: string) => text.replaceAll('\n', '\r\n');
  assert.equal(fillPage('a.md', windows(page), '/x', blocks), windows(filled), 'a page keeps its line ends');
  assert.throws(() => fill(page, block('none'), '/x'), /a\.md has the mark <!-- none --> 0 times, not once/);
  assert.throws(() => fill(`${page}<!-- one -->\n`, block('one'), '/x'), /a\.md has the mark <!-- one --> 2 times/);
  assert.throws(() => fill('<!-- one -->\nold', block('one'), '/x'), /a\.md has no <!-- end -->/);
});

onStandIns('the lines of install.cmd in docs/deploy.md are those that it prints with --dry-run on a fresh server', async () => {
  const world = makeWorld();
  const { lines } = await world.run('install', '--dry-run');
  const printed = lines.slice(lines.indexOf('') + 1).map(line => line
    .replaceAll(`${world.folder}/unpacked`, 'C:\\unpacked').replaceAll(world.inetpub, 'C:\\inetpub')
    .replace(/C:\\[\w\\/.]*/g, found => found.replaceAll('/', '\\')));
  const { text } = BLOCKS.find(({ mark }) => mark === 'install')!;
  assert.equal(text(appPath), ['```', ...printed, '```'].join('\n'));

  await world.run('install');
  const gone = await world.run('uninstall', '--dry-run');
  const undo = gone.lines.slice(gone.lines.indexOf('') + 1).filter(line => !line.startsWith('rem '))
    .map(line => line.replaceAll(world.inetpub, 'C:\\inetpub').replace(/C:\\[\w\\/.*-]*/g, found => found.replaceAll('/', '\\')));
  assert.equal(BLOCKS.find(({ mark }) => mark === 'uninstall')!.text(appPath), ['```', ...undo, '```'].join('\n'));
});

test('rename asks for the lines of another name', () => {
  for (const { text } of BLOCKS.filter(({ mark }) => ['install', 'update', 'uninstall'].includes(mark))) {
    assert(text(appPath).includes(`inetpub\\${NAME}`));
    assert(text('/other-name').includes('inetpub\\other-name'));
  }
});

test('the files of tests, tools and workflows that a page names are there', () => {
  const docs = path.join(root, 'docs');
  const pages = existsSync(docs) ? readdirSync(docs).map(name => path.join('docs', name)) : [];
  // An owner may have deleted these folders. Their files may be missing.
  const gone = [...DELETABLE.flat(), 'test/site/demo'].filter(folder => !existsSync(path.join(root, folder)));
  const missing: string[] = [];
  for (const page of [...pages, 'CONTRIBUTING.md']) {
    if (!existsSync(path.join(root, page))) continue;
    const text = readFileSync(path.join(root, page), 'utf8');
    for (const [, name] of text.matchAll(/`((?:test|tools|deploy|\.github)\/[\w./-]+)`/g)) {
      if (gone.some(folder => `${name!}/`.startsWith(`${folder}/`))) continue;
      if (!existsSync(path.join(root, name!))) missing.push(`${page}: ${name!}`);
    }
  }
  assert.deepEqual(missing, []);
});
