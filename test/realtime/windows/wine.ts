/* Windows' node.exe on other systems: run by wine, and reached at the named pipes that it listens at. */
import { spawn, spawnSync, StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { connected, NodeExe } from '../../../tools/iis/system';

/** Debian and Ubuntu put wine64 where the path does not lead, unless the package `wine` is there too. */
const FOLDERS = ['/usr/lib/wine', ...(process.env.PATH ?? '').split(path.delimiter)];
const find = (...names: string[]) => names.flatMap(name => FOLDERS.map(folder => path.join(folder, name))).find(file => existsSync(file));

/** wine's program for 64 bits; undefined where there is none. */
export const findWine = () => find('wine64', 'wine64-stable', 'wine-stable', 'wine');

/** A Windows of its own. */
export interface Wine {
  /** A node.exe in it. */
  node: (program: string) => NodeExe;
  /** What its `dir` says of a folder, hidden files and short names with it. */
  list: (folder: string) => string;
  /** Runs a program of it to its end. @returns what that wrote, as wine's cmd writes it: with \r\n, in latin1 */
  run: (args: string[], options?: { cwd?: string; env?: NodeJS.ProcessEnv }) => string;
}

/**
 * Makes a Windows that is empty but for wine's own files: it takes some seconds, and half a GB until the test ends.
 * @param program the node.exe that helps
 */
export async function startWine(t: TestContext, wine: string, program: string): Promise<Wine> {
  const folder = mkdtempSync(path.join(tmpdir(), 'windows-'));
  // Where wine keeps a socket, it leaves the folder behind. Without the two libraries it asks for no downloads.
  const env = { WINEPREFIX: path.join(folder, 'prefix'), TMPDIR: folder, WINEDEBUG: '-all', WINEDLLOVERRIDES: 'mscoree,mshtml=' };
  t.after(() => {
    // Ends all that runs in it, and waits until it has.
    const server = find('wineserver64', 'wineserver-stable', 'wineserver');
    if (server) for (const option of ['-k', '-w']) spawnSync(server, [option], { env: { ...process.env, ...env } });
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  const starter = net.createServer().listen(0, '127.0.0.1');
  await once(starter, 'listening');
  t.after(() => starter.close());
  const { port } = starter.address() as net.AddressInfo;
  // A pipe for what it writes would not do: node.exe fails at one of another system's.
  const relay = spawn(wine, [program, file(path.join(__dirname, 'relay.js')), String(port)], { env: { ...process.env, ...env }, stdio: 'ignore' });
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
    // Into a file: as with node.exe, a pipe would not do.
    const said = path.join(folder, 'said.txt');
    const output = openSync(said, 'w');
    const stdio: StdioOptions = ['ignore', output, output];
    spawnSync(wine, args, { cwd, env: { ...own, ...env }, stdio });
    closeSync(output);
    return readFileSync(said, 'latin1');
  };
  const list = (of: string) => run(['cmd', '/c', 'dir', '/a', '/x', file(of)]);
  return { list, run, node: exe => ({ command: [wine, exe], env, windows: true, file, open }) };
}

/** The disk Z: is this system's root. */
export function file(name: string): string {
  return `Z:${name.replaceAll('/', '\\')}`;
}
