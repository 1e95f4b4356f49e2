/*
 * A clone whose text files all end their lines with \r\n, in a folder whose path has a space and letters
 * beyond ASCII. .gitattributes prevents such a clone, but an archive, an editor or a copy through another
 * system can make one. The clone builds and lints, and its commands do what they do in any other clone.
 */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { command, commit, env, git, npm, repository } from '../support/repository';
import { needsSignals } from '../support/available';
import { emptyFolder } from '../support/template';
import { until } from '../support/wait';
import { buildAndLint } from './clones/cases';
import { first } from './rename/cases';

/** Lists the text files of a clone that git knows. */
function textFiles(folder: string): string[] {
  return git(folder, 'ls-files', '-z').split('\0').filter(name => name !== '' && !readFileSync(path.join(folder, name)).includes(0));
}

/** Reads the files of a clone. @returns their texts, without \r, by their names */
function textsOf(folder: string): Record<string, string> {
  return Object.fromEntries(textFiles(folder).map(name => [name, readFileSync(path.join(folder, name), 'utf8').replaceAll('\r', '')]));
}

/**
 * Makes the clone with \r\n.
 * @returns its folder; null if there is no git, and the test is then skipped
 */
function cloneOfWindows(t: TestContext): string | null {
  const made = repository(t);
  if (!made) return null;
  const folder = path.join(emptyFolder(t, 'a folder ü-'), 'my clöne');
  renameSync(made, folder);
  mkdirSync(made);
  rmSync(path.join(folder, '.gitattributes'));
  commit(folder);
  for (const name of textFiles(folder)) {
    const file = path.join(folder, name);
    writeFileSync(file, readFileSync(file, 'latin1').replaceAll(/\r?\n/g, '\r\n'), 'latin1');
  }
  commit(folder);
  return folder;
}

/** Starts a command that serves pages, until the test ends. @returns the address that the command prints */
async function address(t: TestContext, folder: string, program: string, ...args: string[]): Promise<string> {
  // npm starts a shell, and the shell starts node. The signal must reach all of them.
  const child: ChildProcess = spawn(program, args, { cwd: folder, env: { ...env, PORT: '0' }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', part => { said += String(part); });
  const ended = once(child, 'close');
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGTERM');
    await ended;
  });
  return until(() => {
    if (child.exitCode !== null) throw new Error(said);
    return /http:\/\/localhost:\d+\/\S*/.exec(said)?.[0];
  }, 'the address', 120);
}

test('with \\r\\n in all files, in a folder with a space and an umlaut: all commands work', needsSignals, async t => {
  const folder = cloneOfWindows(t);
  const usual = repository(t);
  if (!folder || !usual) return;
  buildAndLint(folder);
  assert.equal((await fetch(await address(t, folder, 'npm', 'start'))).status, 200);
  const preview = path.join(folder, 'build', 'tools', 'iis', 'preview.js');
  const page = await address(t, folder, process.execPath, preview, '--port', '0');
  for (const name of ['', 'style.css', 'socket/1/']) assert.equal((await fetch(page + name)).status, 200, name);
  assert.equal(command(folder, 'docs', '--check').status, 0);
  assert.match(npm(folder, 'run', 'package'), /a message to Socket.IO is acknowledged/);

  for (const one of [folder, usual]) assert.equal(command(one, 'rename', first).stderr, '');
  rmSync(path.join(usual, '.gitattributes'));
  git(usual, 'rm', '-q', '--cached', '.gitattributes');
  assert.deepEqual(textsOf(folder), textsOf(usual));
  for (const name of textFiles(folder)) {
    const text = readFileSync(path.join(folder, name), 'latin1');
    assert(!/(^|[^\r])\n/.test(text), `${name} keeps its line ends`);
  }
});
