/* The part that command.test.ts and command-windows.long.test.ts share. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../support/template';

/** The address of a server that does not exist. */
export const ADDRESS = 'http://localhost:1/';

/** The commands, with their files in build/tools. An owner may have deleted tools/bench. */
export const COMMANDS: Record<string, string> = {
  preview: 'iis/preview', verify: 'verify/index', package: 'package/index', rename: 'rename/index',
  compare: 'compare/index', docs: 'docs/index',
  ...(existsSync(path.join(root, 'tools', 'bench')) ? { bench: 'bench/index' } : {}),
};

/** Options with wrong values. A command that refuses the value has got the option. */
export const REFUSED: [command: string, args: string[], line: string][] = ([
  ['preview', ['--port=x'], '--port: a number up to 65535, not x'],
  ['verify', ['--hold=long', ADDRESS], '--hold takes a whole number from 1'],
  ['package', ['--set=x'], '--set x: takes NAME=value'],
  ['compare', ['--iis=6', ADDRESS], '--iis: 7.5 or 10, not 6'],
  ['bench', ['--rounds=0'], '--rounds takes a number from 1, not 0'],
  // These two commands have no options with a value.
  ['rename', ['one', 'two'], 'takes one name: npm run rename -- chat'],
  ['docs', ['--check', 'x'], 'takes no x'],
] as [string, string[], string][]).filter(([command]) => command in COMMANDS);
