/* Loaded into each server before its own script: answers what the benchmark asks it, and is idle otherwise. */
import inspector from 'node:inspector';
import { writeFileSync } from 'node:fs';
import { IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import v8 from 'node:v8';
import vm from 'node:vm';

/** What can be asked of a server. */
/** 'turns' begins to watch how long the turns of the event loop are: from then on, and again. */
export type Question = 'cpu' | 'memory' | 'profile' | 'turns' | `write ${string}`;

/** What it answers: all that is measured inside of it. */
export interface Readings {
  /** What the operating system has counted of processor time so far, user and system, all threads, µs. */
  cpu: number;
  /** In use after a collection, on V8's heap and for its buffers, bytes. */
  heap: number;
  /** What the operating system has given it, bytes. */
  rss: number;
  /** The longest turn of the event loop since 'turns' was asked the last time, ms. */
  turn: number;
}

/** Not before it is asked for: its timer costs something. */
let turns: IntervalHistogram | null = null;

const session = new inspector.Session();

process.on('message', (question: Question) => {
  if (question === 'memory') collect();
  if (question === 'profile') startProfile();
  if (question.startsWith('write ')) writeProfile(question.slice(6));
  const turn = turns ? turns.max / 1e6 : 0;
  if (question === 'turns') {
    turns ??= monitorEventLoopDelay({ resolution: 10 });
    turns.enable();
    turns.reset();
  }
  const { user, system } = process.cpuUsage();
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send!({ cpu: user + system, heap: heapUsed + external, rss, turn } satisfies Readings);
});

function collect(): void {
  v8.setFlagsFromString('--expose-gc');
  const gc = vm.runInNewContext('gc') as () => void;
  for (let i = 0; i < 3; i++) gc();
}

function startProfile(): void {
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', { interval: 200 });
  session.post('Profiler.start');
}

function writeProfile(file: string): void {
  session.post('Profiler.stop', (_error, { profile }) => writeFileSync(file, JSON.stringify(profile)));
  session.disconnect();
}
