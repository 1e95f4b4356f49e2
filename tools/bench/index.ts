/*
 * Carries out `npm run bench`: compares this template's server with others, and with the floor, the
 * least work that a server of node can do. The rounds of a load run one after another. In each
 * round, each server runs once, in a process of its own. Servers run at the same time only in loads
 * in which they wait. A figure is compared with the floor's figure in the same round.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { command, Given, UsageError } from '../command';
import { installPackages } from '../packages';
import { showProgress } from '../progress';
import { Refusal } from '../refusal';
import { clients } from './clients';
import { hasDotnet } from './dotnet';
import { idle } from './idle';
import type { Figures, Load, Options } from './load';
import { messages } from './messages';
import { build, peers, root } from './paths';
import { draw } from './picture';
import { processes } from './processes';
import { topFunctions } from './profile';
import { circumstances, otherName, sideBySide, table, wholeRuns } from './report';
import type { Comparison, Results } from './results';
import { scale } from './scale';
import { hasPreview, Kind, kinds, pairs, prepare } from './servers';

const loads = [...messages, ...clients, idle, processes];
const serverNames = Array.from(new Set(kinds.map(kind => kind.name)));

const HELP = `npm run bench -- [options]
  --quick            two short rounds, to see that the benchmark works
  --rounds 7         the number of rounds (5)
  --runs 3           the number of whole runs, one after another (1). A table at the end has the
                     medians of each run.
  --only a,b         these loads: ${loads.map(load => load.name).join(', ')}
  --servers a,b      these servers: ${serverNames.join(', ')}
  --against <folder> compares this copy of the template with another built copy, such as an older
                     one, and both with the floor. All run in turn within each round. Each figure
                     has its spread over the rounds. With this option, --servers takes ours,
                     ours-realtime, preview or several of them (default: all three).
                     Example: npm run bench -- --only echo,ack --rounds 7 --against ../old-copy
  --scale            one round of this template alone: its growth from 100 clients to 10,000, and
                     10,000 clients that come at once and go at once. Each client is an open file,
                     so run ulimit -n 20000 first. With this option, --only takes growth or crowds.
  --draw <file>      draws docs/benchmark.svg from the figures of an earlier run. Each run writes
                     its figures to build/bench.json, and its tables to build/bench.md.
  --profile          one round of this template alone: the functions that take most time, and a
                     .cpuprofile for each load in build/`;

const flag = { type: 'boolean', default: false } as const;
const text = { type: 'string' } as const;
const OPTIONS = {
  quick: flag,
  rounds: text,
  runs: text,
  draw: text,
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

const isFloor = ({ name }: Kind) => name === 'floor';

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
): Promise<Comparison> {
  const measured = servers.map(({ name, title }) => ({ name, title, rounds: [] as Figures[] }));
  const results = new Map(measured.map(one => [one.name, one.rounds]));
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
  const { name, title, columns } = load;
  return { name, title, columns, servers: measured };
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

/** Draws the picture of docs/benchmark.md. @param file the results of a run */
function drawPicture(file: string): void {
  const picture = path.join(root, 'docs', 'benchmark.svg');
  writeFileSync(picture, draw(JSON.parse(readFileSync(file, 'utf8')) as Results));
  console.log(`${picture} has the figures of ${file}`);
}

/**
 * Reads an option that takes a number.
 * @throws UsageError for another value than a whole number from 1
 */
function readNumber(name: string, value: string | undefined, byDefault: number): number {
  const number = Number(value ?? byDefault);
  if (Number.isInteger(number) && number >= 1) return number;
  throw new UsageError(`--${name} takes a number from 1, not ${value}`);
}

/**
 * Finds the servers that the options name.
 * @param names the names; the default of the options, if missing
 * @param against the folder of the other copy, if two copies are compared
 * @returns the servers, and a line for each server that is left out
 * @throws UsageError for a name that does not exist or does not fit
 */
function findServers(
  names: string | undefined, against: string | undefined,
): { servers: Kind[]; leftOut: string[] } {
  const wanted = chosen(serverNames.map(name => ({ name })), names);
  const named = wanted.flatMap(({ name }) => kinds.filter(kind => kind.name === name));
  if (against === undefined) {
    if (hasDotnet() || !named.some(({ program }) => program)) {
      return { servers: named, leftOut: [] };
    }
    const reason = 'there is no dotnet with an SDK of .NET 8 or later and its ASP.NET Core';
    const servers = named.filter(({ program }) => !program);
    return { servers, leftOut: [`SignalR is left out: ${reason}.`] };
  }
  const all = pairs(named, against);
  if (all.length === 0) {
    const copied = 'ours, ours-realtime, preview';
    throw new UsageError(`--against compares copies of ours: --servers takes ${copied}`);
  }
  const fit = all.filter(({ only }) => only !== 'preview' || hasPreview(against));
  const leftOut = fit.length === all.length
    ? []
    : [`npm run preview is left out: it is not built in ${against}.`];
  return { servers: fit, leftOut };
}

/** Runs the loads, prints the tables, and writes the files in build/ after each load. */
async function runLoads(
  wanted: typeof loads, servers: Kind[], leftOut: string[], { rounds, runs, quick, against }:
  { rounds: number; runs: number; quick: boolean; against: string | undefined },
): Promise<void> {
  const start = Date.now();
  const tables = [...leftOut];
  const results: Results = { about: '', runs: [] };
  const print = (part: string) => {
    if (part === '') return;
    console.log(`${part}\n`);
    tables.push(part);
    const parts = [`${rounds} round${rounds > 1 ? 's' : ''}, medians (least–most)`];
    if (runs > 1) parts.unshift(`${results.runs.length} whole runs`);
    results.about = [...parts, circumstances(start)].join('; ');
    writeFileSync(path.join(build, 'bench.md'), `${tables.join('\n\n')}\n\n${results.about}\n`);
    writeFileSync(path.join(build, 'bench.json'), `${JSON.stringify(results, null, 1)}\n`);
  };
  for (let run = 1; run <= runs; run++) {
    const measured: Comparison[] = [];
    results.runs.push(measured);
    if (runs > 1) print(`## Run ${run} of ${runs}`);
    for (const load of wanted) {
      if (!('run' in load)) {
        print(await load.compare(servers, rounds, quick));
        continue;
      }
      const fit = fitting(load, servers);
      // Without another server, a load would compare the floor with itself.
      if (fit.length === 0 || (fit.every(isFloor) && !servers.every(isFloor))) continue;
      const comparison = await compare(load, fit, rounds, quick ? 0.2 : 1);
      measured.push(comparison);
      print(against === undefined
        ? table(comparison)
        : sideBySide(comparison, ['this copy', against]));
    }
  }
  if (runs > 1) {
    print(wholeRuns('× floor, the median of each run', results.runs, () => 'floor'));
    print(wholeRuns(`× ${against}, the median of each run`, results.runs, otherName));
  }
  console.log(results.about);
}

async function run({ values: options, positionals }: Given<typeof OPTIONS>): Promise<void> {
  if (positionals.length > 0) throw new UsageError(`takes no ${positionals[0]}`);
  if (options.draw !== undefined) return drawPicture(options.draw);
  const rounds = readNumber('rounds', options.rounds, options.quick ? 2 : 5);
  const runs = readNumber('runs', options.runs, 1);
  const { against } = options;
  const all = against === undefined ? undefined : 'ours,ours-realtime,preview';
  const byDefault = options.profile || options.scale ? 'ours' : all;
  const { servers, leftOut } = findServers(options.servers ?? byDefault, against);
  const parts = options.scale ? chosen([{ name: 'growth' }, { name: 'crowds' }], options.only) : [];
  const wanted = options.scale ? [] : chosen(loads, options.only);
  for (const line of leftOut) console.log(`${line}\n`);
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
  const compared = against === undefined ? servers : [...kinds.filter(isFloor), ...servers];
  await runLoads(wanted, compared, leftOut, { rounds, runs, quick: options.quick, against });
}

command('bench', HELP, OPTIONS, async given => {
  try {
    await run(given);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new Refusal((error as Error).message, { cause: error });
  }
});
