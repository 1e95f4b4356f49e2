/*
 * Answers the questions of the benchmark. node loads this file into each server, before the
 * server's own script.
 */
import inspector from 'node:inspector';
import { writeFileSync } from 'node:fs';
import { IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import v8 from 'node:v8';
import vm from 'node:vm';

/**
 * A question to a server. 'memory' collects garbage first. 'profile' starts a profile, 'write …'
 * writes the profile to a file. 'turns' starts to measure the turns of the event loop, or starts
 * again.
 */
export type Question = 'cpu' | 'memory' | 'profile' | 'turns' | `write ${string}`;

/** The answer to any question: the readings of the server's process. */
export interface Readings {
  /** The processor time so far, of all threads, user and system, µs. */
  cpu: number;
  /** The memory in use on V8's heap and for buffers, bytes. */
  heap: number;
  /** The memory that the process has from the operating system, bytes. */
  rss: number;
  /** The longest turn of the event loop since the last question 'turns', ms. */
  turn: number;
}

/** The lengths of turns; null until the first 'turns', because the timer costs processor time. */
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
  session.post('Profiler.stop', (_error, { profile }) => {
    writeFileSync(file, JSON.stringify(profile));
  });
  session.disconnect();
}
