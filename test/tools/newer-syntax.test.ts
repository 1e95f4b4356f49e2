/*
 * The build refuses newer syntax than ES5 in the pages' scripts, unless "target" in
 * src/browser/tsconfig.json allows it. The linter refuses names that Internet Explorer 9 lacks.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ESLint } from 'eslint';
import { edit, emptyFolder, root } from '../support/template';

test('the build refuses newer syntax in public, and "target" in src/browser allows it', t => {
  const folder = emptyFolder(t, 'syntax-');
  for (const name of ['public/own', 'src/browser']) {
    mkdirSync(path.join(folder, name), { recursive: true });
  }
  for (const name of ['check-syntax.mjs', 'tsconfig.json']) {
    cpSync(path.join(root, 'src/browser', name), path.join(folder, 'src/browser', name));
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'), 'junction');
  const build = () => {
    const file = path.join(folder, 'src/browser/check-syntax.mjs');
    const { status, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
    return { status, stderr };
  };
  const script = (name: string, text: string) => {
    writeFileSync(path.join(folder, 'public', name), text);
  };
  script('own/page.js', 'var answer = { \'default\': 1 }; // => a comment may have it\n');
  const newer = ['var f = () => 1;', 'const a = 1;', 'var t = `a`;', 'f(...[1]);'];
  newer.forEach((line, i) => script(`own/newer-${i}.js`, `${line}\n`));
  const { status, stderr } = build();
  assert.equal(status, 1);
  assert(!stderr.includes('public/own/page.js'), stderr);
  newer.forEach((line, i) => {
    assert(stderr.includes(`public/own/newer-${i}.js: newer syntax than ES5: ${line}\n`), stderr);
  });
  edit(folder, ['src/browser/tsconfig.json', '"target": "ES5"', '"target": "ES2018"']);
  assert.deepEqual(build(), { status: 0, stderr: '' });
});

test('the linter knows the names of Internet Explorer 9, and no newer ones', async () => {
  const eslint = new ESLint({ cwd: root });
  const refused = async (name: string) => {
    const text = `(function () {\n  ${name}('x');\n}());\n`;
    const [result] = await eslint.lintText(text, { filePath: path.join(root, 'public/own.js') });
    return result!.messages.map(({ message }) => message);
  };
  assert.deepEqual(await refused('alert'), []);
  assert.deepEqual(await refused('localStorage.getItem'), []);
  for (const name of ['fetch', 'Promise', 'nonsense']) {
    assert.deepEqual(await refused(name), [`'${name}' is not defined.`]);
  }
});
