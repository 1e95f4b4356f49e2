/*
 * Compares the server with others, and with the least that node can do: what `npm run bench` runs. All rounds of a load run
 * one after the other, each server once a round in a process of its own (but where they only wait, they wait together); a figure is
 * compared with the floor's of the same round.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { clients } from './clients';
import { idle } from './idle';
import type { Figures, Load, Options } from './load';
import { messages } from './messages';
import { build } from './paths';
import { installPeers } from './peers';
import { processes } from './processes';
import { topFunctions } from './profile';
import { circumstances, Results, sideBySide, table } from './report';
import { scale } from './scale';
import { Kind, kinds, pairs, prepare } from './servers';

const loads = [...messages, ...clients, idle, processes];
const serverNames = Array.from(new Set(kinds.map(kind => kind.name)));

const HELP = `npm run bench -- [options]
  --quick            two short rounds: to see that it works
  --rounds 7         more or fewer than five
  --only a,b         these loads: ${loads.map(load => load.name).join(', ')}
  --servers a,b      these servers: ${serverNames.join(', ')}
  --against <folder> ours beside another built copy of the template, an older one, say: both in
                     turn within each round, each figure with its spread over the rounds
                     --servers takes ours, ours-realtime, preview or several (default: all) then
                     Example: npm run bench -- --only echo,ack --rounds 7 --against ../old-copy
  --scale            one round of ours alone: how it grows from 100 clients to 10,000, and 10,000 that
                     come at once, and go at once; each is an open file: ulimit -n 20000 first
                     --only takes growth or crowds then
  --profile          one round of ours alone; where it spends its time, and a .cpuprofile a load in build/`;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false }, rounds: { type: 'string' }, only: { type: 'string' }, servers: { type: 'string' },
    scale: { type: 'boolean', default: false }, against: { type: 'string' }, profile: { type: 'boolean', default: false }, help: { type: 'boolean', default: false },
  },
});

/** Those of the list that are named. */
function chosen<T extends { name: string }>(all: T[], names: string | undefined): T[] {
  const wanted = names?.split(',') ?? all.map(one => one.name);
  return wanted.map(name => {
    const one = all.find(other => other.name === name);
    if (!one) throw new Error(`there is no ${name}: ${all.map(other => other.name).join(', ')}`);
    return one;
  });
}

/** Those of the servers that a load can be put on. */
const fitting = (load: Load, servers: Kind[]) => servers.filter(({ over, only }) =>
  over === load.over && (only ?? (load.alone ? undefined : load.name)) === load.name);

/** All rounds of a load. No server comes first each time. */
async function compare(load: Load, servers: Kind[], rounds: number, scale: number): Promise<Results> {
  const results: Results = new Map(servers.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const begun: [Kind, () => Promise<Figures>][] = [];
    for (let i = 0; i < servers.length; i++) {
      const kind = servers[(i + round) % servers.length]!;
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${load.name}, round ${round + 1} of ${rounds}: ${kind.name} `);
      begun.push([kind, await named(load, kind, () => begin(load, kind, { scale }))]);
    }
    for (const [kind, end] of begun) results.get(kind.name)!.push(await named(load, kind, end));
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  return results;
}

/** Puts the load on a server, until it waits or, for most loads, to the end. */
async function begin(load: Load, kind: Kind, options: Options): Promise<() => Promise<Figures>> {
  if (load.begin) return load.begin(kind, options);
  const figures = await load.run(kind, options);
  return () => Promise.resolve(figures);
}

/** Says of an error where it was. */
async function named<T>(load: Load, kind: Kind, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw new Error(`${load.name} with ${kind.name}: ${(error as Error).message}`, { cause: error });
  }
}

/** Where ours spends its time. */
async function profile(load: Load, kind: Kind): Promise<void> {
  const file = path.join(build, `${kind.name}-${load.name}.cpuprofile`);
  await load.run(kind, { scale: 1, profile: file });
  if (existsSync(file)) console.log(`${load.name} with ${kind.name}: ${file}\n${topFunctions(file)}\n`);
}

async function run(): Promise<void> {
  if (options.help) return console.log(HELP);
  const rounds = Number(options.rounds ?? (options.quick ? 2 : 5));
  const { against } = options;
  const all = against === undefined ? undefined : 'ours,ours-realtime,preview';
  const usual = options.profile || options.scale ? 'ours' : all;
  const names = chosen(serverNames.map(name => ({ name })), options.servers ?? usual);
  const named = names.flatMap(({ name }) => kinds.filter(kind => kind.name === name));
  const servers = against === undefined ? named : pairs(named, against);
  if (servers.length === 0) {
    const copied = 'ours, ours-realtime, preview';
    throw new Error(`--against compares copies of ours: --servers takes ${copied}`);
  }
  const parts = options.scale ? chosen([{ name: 'growth' }, { name: 'crowds' }], options.only) : [];
  const wanted = options.scale ? [] : chosen(loads, options.only);
  if (servers.some(({ peer }) => peer)) installPeers();
  mkdirSync(build, { recursive: true });
  await prepare(servers, against);
  if (options.profile) {
    for (const load of wanted) if ('run' in load) for (const kind of fitting(load, servers)) await profile(load, kind);
    return;
  }
  if (options.scale) {
    const polled = servers.filter(({ over }) => !over);
    await scale(polled, parts.map(({ name }) => name), options.quick);
    return;
  }
  const start = Date.now();
  const tables: string[] = [];
  const say = (text: string) => {
    console.log(`${text}\n`);
    tables.push(text);
  };
  for (const load of wanted) {
    if (!('run' in load)) {
      say(await load.compare(servers, rounds, options.quick));
      continue;
    }
    const those = fitting(load, servers);
    const results = await compare(load, those, rounds, options.quick ? 0.2 : 1);
    if (against === undefined) say(table(load, results, those));
    else say(sideBySide(load, results, those, ['this copy', against]));
  }
  say(`${rounds} rounds, medians (least–most); ${circumstances(start)}`);
  writeFileSync(path.join(build, 'bench.md'), tables.join('\n\n') + '\n');
}

run().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
