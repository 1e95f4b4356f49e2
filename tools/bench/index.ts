/*
 * Carries out `npm run bench`: compares this template's server with others, and with the floor, the
 * least work that a server of node can do. The rounds of a load run one after another. In each
 * round, each server runs once, in a process of its own. Servers run at the same time only in loads
 * in which they wait. A figure is compared with the floor's figure in the same round.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { command, Given, UsageError } from '../command';
import { installPackages } from '../packages';
import { showProgress } from '../progress';
import { Refusal } from '../refusal';
import { clients } from './clients';
import { idle } from './idle';
import type { Figures, Load, Options } from './load';
import { messages } from './messages';
import { build, peers } from './paths';
import { processes } from './processes';
import { topFunctions } from './profile';
import { circumstances, Results, sideBySide, table } from './report';
import { scale } from './scale';
import { Kind, kinds, pairs, prepare } from './servers';

const loads = [...messages, ...clients, idle, processes];
const serverNames = Array.from(new Set(kinds.map(kind => kind.name)));

const HELP = `npm run bench -- [options]
  --quick            two short rounds, to see that the benchmark works
  --rounds 7         the number of rounds (5)
  --only a,b         these loads: ${loads.map(load => load.name).join(', ')}
  --servers a,b      these servers: ${serverNames.join(', ')}
  --against <folder> compares this copy of the template with another built copy, such as an older
                     one. Both run in turn within each round. Each figure has its spread over the
                     rounds. With this option, --servers takes ours, ours-realtime, preview or
                     several of them (default: all three).
                     Example: npm run bench -- --only echo,ack --rounds 7 --against ../old-copy
  --scale            one round of this template alone: its growth from 100 clients to 10,000, and
                     10,000 clients that come at once and go at once. Each client is an open file,
                     so run ulimit -n 20000 first. With this option, --only takes growth or crowds.
  --profile          one round of this template alone: the functions that take most time, and a
                     .cpuprofile for each load in build/`;

const flag = { type: 'boolean', default: false } as const;
const text = { type: 'string' } as const;
const OPTIONS = {
  quick: flag,
  rounds: text,
  only: text,
  servers: text,
  scale: flag,
  against: text,
  profile: flag,
} as const;

/**
 * Finds the entries of a list by their names.
 * @param names the names, with commas between; all entries, if missing
 * @throws UsageError for a name that does not exist
 */
function chosen<T extends { name: string }>(all: T[], names: string | undefined): T[] {
  const wanted = names?.split(',') ?? all.map(one => one.name);
  return wanted.map(name => {
    const one = all.find(other => other.name === name);
    if (!one) {
      const names = all.map(other => other.name).join(', ');
      throw new UsageError(`there is no ${name}, but ${names}`);
    }
    return one;
  });
}

/** Finds the servers for a load. */
function fitting(load: Load, servers: Kind[]): Kind[] {
  return servers.filter(({ over, only }) => {
    const isForLoad = only === undefined ? !load.alone : only === load.name;
    return over === load.over && isForLoad;
  });
}

/** Runs all rounds of a load. In each round, another server is the first. */
async function compare(
  load: Load, servers: Kind[], rounds: number, scale: number,
): Promise<Results> {
  const results: Results = new Map(servers.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const begun: [Kind, () => Promise<Figures>][] = [];
    for (let i = 0; i < servers.length; i++) {
      const kind = servers[(i + round) % servers.length]!;
      showProgress(`${load.name}, round ${round + 1} of ${rounds}: ${kind.name} `);
      begun.push([kind, await withPlace(load, kind, () => begin(load, kind, { scale }))]);
    }
    for (const [kind, end] of begun) {
      results.get(kind.name)!.push(await withPlace(load, kind, end));
    }
  }
  showProgress('');
  return results;
}

/**
 * Puts a load on a server. Most loads are measured at once. A load in which the server only waits
 * goes on until the returned function has its figures.
 */
async function begin(load: Load, kind: Kind, options: Options): Promise<() => Promise<Figures>> {
  if (load.begin) return load.begin(kind, options);
  const figures = await load.run(kind, options);
  return () => Promise.resolve(figures);
}

/** Adds the load and the server to the message of an error. */
async function withPlace<T>(load: Load, kind: Kind, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const place = `${load.name} with ${kind.name}`;
    throw new Error(`${place}: ${(error as Error).message}`, { cause: error });
  }
}

/** Prints the functions in which a server spends its time. */
async function profile(load: Load, kind: Kind): Promise<void> {
  const file = path.join(build, `${kind.name}-${load.name}.cpuprofile`);
  await load.run(kind, { scale: 1, profile: file });
  if (!existsSync(file)) return;
  console.log(`${load.name} with ${kind.name}: ${file}\n${topFunctions(file)}\n`);
}

async function run({ values: options, positionals }: Given<typeof OPTIONS>): Promise<void> {
  if (positionals.length > 0) throw new UsageError(`takes no ${positionals[0]}`);
  const rounds = Number(options.rounds ?? (options.quick ? 2 : 5));
  if (!(rounds >= 1)) throw new UsageError(`--rounds takes a number from 1, not ${options.rounds}`);
  const { against } = options;
  const all = against === undefined ? undefined : 'ours,ours-realtime,preview';
  const byDefault = options.profile || options.scale ? 'ours' : all;
  const names = chosen(serverNames.map(name => ({ name })), options.servers ?? byDefault);
  const named = names.flatMap(({ name }) => kinds.filter(kind => kind.name === name));
  const servers = against === undefined ? named : pairs(named, against);
  if (servers.length === 0) {
    const copied = 'ours, ours-realtime, preview';
    throw new UsageError(`--against compares copies of ours: --servers takes ${copied}`);
  }
  const parts = options.scale ? chosen([{ name: 'growth' }, { name: 'crowds' }], options.only) : [];
  const wanted = options.scale ? [] : chosen(loads, options.only);
  if (servers.some(({ peer }) => peer)) installPackages(peers);
  mkdirSync(build, { recursive: true });
  await prepare(servers, against);
  if (options.profile) {
    for (const load of wanted) {
      if (!('run' in load)) continue;
      for (const kind of fitting(load, servers)) await profile(load, kind);
    }
    return;
  }
  if (options.scale) {
    const polled = servers.filter(({ over }) => !over);
    await scale(polled, parts.map(({ name }) => name), options.quick);
    return;
  }
  const start = Date.now();
  const tables: string[] = [];
  const print = (part: string) => {
    console.log(`${part}\n`);
    tables.push(part);
  };
  for (const load of wanted) {
    if (!('run' in load)) {
      print(await load.compare(servers, rounds, options.quick));
      continue;
    }
    const measured = fitting(load, servers);
    const results = await compare(load, measured, rounds, options.quick ? 0.2 : 1);
    if (against === undefined) print(table(load, results, measured));
    else print(sideBySide(load, results, measured, ['this copy', against]));
  }
  print(`${rounds} rounds, medians (least–most); ${circumstances(start)}`);
  writeFileSync(path.join(build, 'bench.md'), tables.join('\n\n') + '\n');
}

command('bench', HELP, OPTIONS, async given => {
  try {
    await run(given);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new Refusal((error as Error).message, { cause: error });
  }
});
