/*
 * Makes a copy of node.exe a program of Windows: node loads this first (NODE_OPTIONS=--require), and the
 * name that it was started by says which program it is. With STAND_IN_WITHIN=yes the programs run in the
 * process that starts them, which is much quicker. node 10 runs this: nothing newer here.
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

// Without wine, for a node of this system.
const { STAND_IN_RELEASE: release } = process.env;
if (release !== undefined) os.release = () => release;

const program = nameOf(process.argv0);
if (PROGRAMS.includes(program)) {
  // node takes the first argument for a script, and makes a whole path of it.
  const args = process.argv.slice(1);
  if (/^(appcmd|reg|sc)$/.test(program)) args[0] = path.basename(args[0]!);
  const { status, output } = runProgram(process.env.windir!, program, args);
  if (output !== '') writeSync(1, `${output}\r\n`);
  process.exit(status);
}
