/*
 * Runs commands on a terminal, as a person does, and in a pipe. node cannot make a pseudo-terminal.
 * The program `script` of util-linux can. It runs a line of the shell in a pseudo-terminal, and
 * prints the output that the terminal gets.
 */
import { spawn, spawnSync } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { available } from './available';

/**
 * Says whether the machine has the `script` of util-linux, so that the test can run. BSD's `script`
 * has other options.
 */
export function hasTerminal(t: TestContext): boolean {
  const { stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  return available(t, 'script of util-linux', /util-linux/.test(stdout ?? ''), false);
}

/**
 * Runs a line of the shell, and waits for its end.
 * @param where on a terminal, or with stdout and stderr in a pipe
 * @returns all that was written, with the escape sequences, and with \n as the end of a line
 */
export async function shown(
  where: 'terminal' | 'pipe', line: string, cwd: string, env: Record<string, string> = {},
): Promise<string> {
  const [program, args] = where === 'pipe' ? ['sh', ['-c', `${line} 2>&1`]] : ['script', ['-qec', line, '/dev/null']];
  const usual = Object.entries(process.env).filter(([name]) => !/^(CI|NO_COLOR|FORCE_COLOR|NODE_.*)$/.test(name));
  const child = spawn(program, args, {
    cwd,
    env: { ...Object.fromEntries(usual), TERM: 'xterm-256color', SHELL: '/bin/sh', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return (await text(child.stdout)).replaceAll('\r\n', '\n');
}

/**
 * Returns the lines that remain on the terminal. The escape sequence of progress.ts empties a line.
 */
export function left(output: string): string[] {
  return output.split('\n').map(line => line.split('\r\x1b[K').at(-1)!);
}

/** Returns a line of the shell that runs this node with arguments. */
export function nodeLine(...args: string[]): string {
  return [process.execPath, ...args].map(word => `'${word}'`).join(' ');
}
