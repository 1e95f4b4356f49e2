/* Finds .NET, and builds the server of SignalR. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { build, peers } from './paths';

const folder = path.join(build, 'bench-signalr');
/** The built server, for `dotnet`. */
export const library = path.join(folder, 'bin', 'signalr', 'release', 'signalr.dll');

/** Runs dotnet. @returns its output; '' if dotnet is missing or fails */
function ask(option: string): string {
  const { status, stdout } = spawnSync('dotnet', [option], { encoding: 'utf8' });
  return status === 0 ? stdout : '';
}

/**
 * Says whether SignalR can run here. It takes an SDK of .NET 8 or later, and the runtime of ASP.NET
 * Core in the version of the SDK. The benchmark never installs them.
 */
export function hasDotnet(): boolean {
  const version = parseInt(ask('--version'), 10);
  const runtimes = ask('--list-runtimes').split('\n');
  const runtime = `Microsoft.AspNetCore.App ${version}.`;
  return version >= 8 && runtimes.some(line => line.startsWith(runtime));
}

/**
 * Builds the server, for release. It needs no package, so the build works without a network.
 * @throws Error with the compiler's output
 */
export function buildSignalR(): void {
  const args = [
    'build', path.join(peers, 'servers', 'signalr'), '--configuration', 'Release',
    '--artifacts-path', folder, '--nologo', '--verbosity', 'quiet',
    // Otherwise, processes of the compiler would stay, and take processor time from the servers.
    '--disable-build-servers',
  ];
  const env = { ...process.env, DOTNET_CLI_TELEMETRY_OPTOUT: '1', DOTNET_NOLOGO: '1' };
  const { status, stdout, stderr } = spawnSync('dotnet', args, { encoding: 'utf8', env });
  if (status !== 0) throw new Error(`dotnet does not build SignalR's server: ${stdout}${stderr}`);
}
