/*
 * Turns a copy of node.exe into a program of Windows. node loads this file first (NODE_OPTIONS=--require),
 * and the name of the copy decides which program runs. With STAND_IN_WITHIN=yes, the programs run in the
 * process that starts them, which is much quicker. node 10 runs this file, too, so it has no newer
 * syntax and functions.
 */
import childProcess from 'child_process';
import { writeSync } from 'fs';
import os from 'os';
import path from 'path';
import { runProgram } from './programs';

const PROGRAMS = ['appcmd', 'icacls', 'reg', 'robocopy', 'sc'];
const nameOf = (file: string) => path.basename(file).replace(/\.exe$/i, '').toLowerCase();

if (process.env.STAND_IN_WITHIN === 'yes') {
  const { spawnSync } = childProcess;
  childProcess.spawnSync = ((file: string, args: string[], options: object) => {
    if (!PROGRAMS.includes(nameOf(file))) return spawnSync(file, args, options);
    const { status, output } = runProgram(process.env.windir!, nameOf(file), args);
    return { status, stdout: output, stderr: '' };
  }) as typeof spawnSync;
}

// Without wine, a node of this system reports the release of Windows.
const { STAND_IN_RELEASE: release } = process.env;
if (release !== undefined) os.release = () => release;

const program = nameOf(process.argv0);
if (PROGRAMS.includes(program)) {
  // node takes the first argument for a script, and turns it into an absolute path.
  const args = process.argv.slice(1);
  if (/^(appcmd|reg|sc)$/.test(program)) args[0] = path.basename(args[0]!);
  const { status, output } = runProgram(process.env.windir!, program, args);
  if (output !== '') writeSync(1, `${output}\r\n`);
  process.exit(status);
}
