/* The options and the exit statuses of all commands. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { optionsKeptByNpm, UsageError } from '../../tools/command';
import { root } from '../support/template';
import { ADDRESS, COMMANDS, REFUSED } from './command/cases';

interface Ended { status: number; out: string; err: string }

function run(file: string, ...args: string[]): Promise<Ended> {
  return new Promise(resolve => {
    execFile(process.execPath, [path.join(root, 'build', 'tools', `${file}.js`), ...args], (error, out, err) => {
      resolve({ status: error ? Number(error.code) : 0, out, err });
    });
  });
}

test('--help is exit status 0 and what the command does; an unknown option is 2 and one line', async () => {
  await Promise.all(Object.entries(COMMANDS).map(async ([name, file]) => {
    const help = await run(file, '--help');
    assert.deepEqual([help.status, help.err], [0, ''], name);
    assert(help.out.startsWith(`npm run ${name} -- `), help.out);
    const wrong = await run(file, '--wrong');
    assert.deepEqual([wrong.status, wrong.out], [2, ''], name);
    assert.equal(wrong.err, 'Unknown option \'--wrong\'. --help says more.\n', name);
  }));
});

test('options that npm has kept are read where npm leaves them', () => {
  const text = { type: 'string' } as const;
  const options = { hold: text, 'message-bytes': text, insecure: { type: 'boolean' }, only: text } as const;
  const kept = (env: Record<string, string>, given: string[] = []) => (
    optionsKeptByNpm('verify', options, given, { npm_lifecycle_event: 'verify', ...env })
  );
  assert.deepEqual(kept({ npm_config_hold: '2', npm_config_message_bytes: '5000', npm_config_insecure: 'true' }), [
    '--hold=2', '--message-bytes=5000', '--insecure',
  ]);
  assert.deepEqual(kept({ npm_config_hold: '2' }, ['--hold', '3']), []);
  assert.deepEqual(kept({ npm_config_hold: '2' }, ['--hold=3']), []);
  assert.deepEqual(kept({ npm_config_only: 'prod' }), [], 'an option of npm\'s own');
  assert.deepEqual(kept({ npm_config_hold: '2', npm_lifecycle_event: 'test' }), [], 'another command, started by npm test');
  for (const value of ['true', '']) {
    assert.throws(() => kept({ npm_config_hold: value }), (error: unknown) => {
      return error instanceof UsageError && /write --hold=VALUE, or put -- in front: npm run verify -- --hold VALUE$/.test(error.message);
    });
  }
});

/** Runs a command with npm run. @returns the exit status, and the last line of stderr */
function npm(command: string, ...args: string[]): Promise<[status: number, line: string]> {
  // npm does not build first, because this test does not need a new build.
  const all = ['run', '--silent', '--ignore-scripts', command, ...args];
  return new Promise(resolve => {
    execFile('npm', all, { cwd: root, shell: process.platform === 'win32' }, (error, _out, err) => {
      resolve([error ? Number(error.code) : 0, err.trim().split('\n').at(-1)!]);
    });
  });
}

test('npm run hands options on, behind -- and, with a =, in front of it', async () => {
  const refused = (line: string) => [2, `${line}. --help says more.`];
  for (const [name, args, line] of REFUSED) assert.deepEqual(await npm(name, ...args), refused(line), name);
  // npm hands on all that is behind --, whatever the command is. So one command shows it.
  const [[name, args, line]] = REFUSED as [typeof REFUSED[0]];
  assert.deepEqual(await npm(name, '--', ...args), refused(line), name);
  const [apart, app] = await Promise.all([
    npm('verify', '--hold', 'long', ADDRESS), npm('preview', '--app=/chat'),
  ]);
  assert.equal(apart[0], 2);
  assert.match(apart[1], /^npm has taken --hold for itself: write --hold=VALUE/);
  assert.deepEqual(app, [
    2, 'npm has taken --app for itself: put -- in front: npm run preview -- --app VALUE. --help says more.',
  ]);
});
