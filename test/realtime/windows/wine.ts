/* Windows' node.exe on other systems: wine runs it, and a relay leads to its named pipes. */
import { spawn, spawnSync, StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { connected, NodeExe } from '../../../tools/iis/system';

/**
 * Debian and Ubuntu put wine64 into a folder outside PATH if the package `wine` is not installed.
 */
const FOLDERS = ['/usr/lib/wine', ...(process.env.PATH ?? '').split(path.delimiter)];
const find = (...names: string[]) => names.flatMap(name => FOLDERS.map(folder => path.join(folder, name))).find(file => existsSync(file));

/**
 * Returns the command that starts wine for 64 bits: its program, and the first arguments. `setarch -R` starts
 * it, and all programs that wine starts, without random addresses. With them, one start in a thousand ended
 * with 1 and printed nothing: wine's heap, which Linux puts anywhere in the 1 GB after 0x7d005000, was at
 * 0x7ffe0000, the address of a page that all programs of Windows share.
 * @returns undefined if there is no wine
 */
export function findWine(): [string, ...string[]] | undefined {
  const wine = find('wine64', 'wine64-stable', 'wine-stable', 'wine');
  if (wine === undefined) return undefined;
  // A container may forbid it.
  const fixed = spawnSync('setarch', ['-R', 'true']).status === 0;
  return fixed ? ['setarch', '-R', wine] : [wine];
}

/** A separate Windows for a test. */
export interface Wine {
  /** @returns a node.exe, ready to run in this Windows */
  node: (program: string) => NodeExe;
  /** @returns the output of `dir` for a folder, with hidden files and short names */
  list: (folder: string) => string;
  /**
   * Runs a program, and waits for its end.
   * @returns its output in latin1, with \r\n after each line
   */
  run: (args: string[], options?: { cwd?: string; env?: NodeJS.ProcessEnv }) => string;
}

/**
 * Makes a Windows that has only wine's own files. This takes some seconds, and half a GB of the
 * disk until the test ends.
 * @param wine the command of findWine
 * @param program the node.exe that runs the relay
 */
export async function startWine(t: TestContext, wine: [string, ...string[]], program: string): Promise<Wine> {
  const [command, ...first] = wine;
  const folder = mkdtempSync(path.join(tmpdir(), 'windows-'));
  // TMPDIR: wine makes a folder for its socket, and never removes it. Without the two libraries,
  // wine does not ask for downloads.
  const env = { WINEPREFIX: path.join(folder, 'prefix'), TMPDIR: folder, WINEDEBUG: '-all', WINEDLLOVERRIDES: 'mscoree,mshtml=' };
  t.after(() => {
    // Ends all processes of this Windows, and waits until they have ended.
    const server = find('wineserver64', 'wineserver-stable', 'wineserver');
    if (server) for (const option of ['-k', '-w']) spawnSync(server, [option], { env: { ...process.env, ...env } });
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  const starter = net.createServer().listen(0, '127.0.0.1');
  await once(starter, 'listening');
  t.after(() => starter.close());
  const { port } = starter.address() as net.AddressInfo;
  // node.exe fails if its output is a pipe of another system, so the output is ignored.
  const relay = spawn(command, [...first, program, file(path.join(__dirname, 'relay.js')), String(port)], { env: { ...process.env, ...env }, stdio: 'ignore' });
  const ended = once(relay, 'exit').then(([code]) => { throw new Error(`wine ended with ${code}`); });
  ended.catch(() => undefined);
  const [control] = await Promise.race([once(starter, 'connection'), ended]) as [net.Socket];
  control.on('error', () => undefined);
  t.after(() => control.destroy());
  const [text] = await Promise.race([once(control, 'data'), ended]) as [Buffer];

  const open = async (pipe: string) => {
    const socket = await connected(net.connect(Number(text), '127.0.0.1'));
    socket.write(`${pipe}\n`);
    await new Promise<void>((resolve, reject) => {
      const gone = () => reject(new Error(`nothing listens at ${pipe}`));
      socket.once('error', gone).once('close', gone).once('data', () => {
        socket.off('error', gone).off('close', gone);
        resolve();
      });
    });
    return socket;
  };
  const run: Wine['run'] = (args, { cwd, env: own = process.env } = {}) => {
    // The output goes into a file, because programs may fail with a pipe of another system.
    const said = path.join(folder, 'said.txt');
    const output = openSync(said, 'w');
    const stdio: StdioOptions = ['ignore', output, output];
    spawnSync(command, [...first, ...args], { cwd, env: { ...own, ...env }, stdio });
    closeSync(output);
    return readFileSync(said, 'latin1');
  };
  const list = (of: string) => run(['cmd', '/c', 'dir', '/a', '/x', file(of)]);
  return { list, run, node: exe => ({ command: [...wine, exe], env, windows: true, file, open }) };
}

/** @returns the name of a file for programs under wine, where the disk Z: is this system's root */
export function file(name: string): string {
  return `Z:${name.replaceAll('/', '\\')}`;
}
