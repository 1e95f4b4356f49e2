/* `npm run bench` builds SignalR's server, and each load gets its answers from this server. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { hasDotnet } from '../../../tools/bench/dotnet';
import { build } from '../../../tools/bench/paths';
import type { Results } from '../../../tools/bench/results';

const LOADS = ['echo', 'ack', 'burst', 'broadcast-1000', 'memory', 'storm', 'start'];

test('all loads but the ones that wait long', t => {
  // .NET is never installed by the tests, not in CI either.
  if (!hasDotnet()) return t.skip('skipped: dotnet with an SDK of .NET 8 or later is missing');
  const bench = path.join(build, 'tools', 'bench', 'index.js');
  const args = ['--quick', '--rounds', '1', '--servers', 'floor,signalr', '--only', LOADS.join()];
  execFileSync(process.execPath, [bench, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  const { runs } = JSON.parse(readFileSync(path.join(build, 'bench.json'), 'utf8')) as Results;
  assert.deepEqual(runs[0]!.map(({ name }) => name), LOADS);
  for (const { name, columns, servers } of runs[0]!) {
    const figures = servers.find(server => server.name === 'signalr')!.rounds[0]!;
    for (const { figure } of columns) {
      assert(figures[figure]! > 0, `${name}: ${figure} is ${figures[figure]}`);
    }
    t.diagnostic(`${name}: ${JSON.stringify(figures)}`);
  }
});

test('without dotnet, one line says so', () => {
  const bench = path.join(build, 'tools', 'bench', 'index.js');
  const args = [bench, '--quick', '--rounds', '1', '--servers', 'floor,signalr', '--only', 'start'];
  const env = { ...process.env, PATH: '', Path: '' };
  const output = execFileSync(process.execPath, args, { encoding: 'utf8', env });
  const lines = output.split('\n').filter(line => line.includes('SignalR'));
  assert.deepEqual(lines, [
    'SignalR is left out: there is no dotnet with an SDK of .NET 8 or later and its ASP.NET Core.',
  ]);
});
