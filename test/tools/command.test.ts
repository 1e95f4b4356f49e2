/* How every command reads its options, and what its exit status says. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { optionsKeptByNpm, UsageError } from '../../tools/command';
import { root } from '../support/template';

const COMMANDS = { preview: 'iis/preview', verify: 'verify/index', package: 'package/index', rename: 'rename/index', bench: 'bench/index' };

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

test('npm run takes options behind -- and, with a =, in front of it', () => {
  const npm = (...args: string[]) => {
    // The build is not what is tried here.
    const { status, stderr } = spawnSync('npm', ['run', '--silent', '--ignore-scripts', 'verify', ...args], {
      cwd: root, encoding: 'utf8', shell: process.platform === 'win32',
    });
    return [status, stderr.trim().split('\n').at(-1)];
  };
  const refused = [2, '--hold takes a whole number from 1. --help says more.'];
  assert.deepEqual(npm('--', '--hold', 'long', 'http://localhost:1/'), refused);
  assert.deepEqual(npm('--', '--hold=long', 'http://localhost:1/'), refused);
  assert.deepEqual(npm('--hold=long', 'http://localhost:1/'), refused);
  const [status, line] = npm('--hold', 'long', 'http://localhost:1/');
  assert.equal(status, 2);
  assert.match(String(line), /^npm has taken --hold for itself: write --hold=VALUE/);
});
