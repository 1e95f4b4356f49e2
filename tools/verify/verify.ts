/* Runs the checks, in an order in which no check disturbs another. */
import { NoAnswer } from './browser';
import { debuggerClosed, files, logs } from './checks/closed';
import { errorStatus, errorTexts } from './checks/errors';
import { health } from './checks/health';
import { bodyLimit, fresh, handshake, polling } from './checks/messages';
import { origins } from './checks/origins';
import { addresses, compression, headers, largeHeaders, page } from './checks/page';
import { afterIdle, heldPolls, manyPolls } from './checks/polls';
import { webSocket } from './checks/websocket';
import { cures, nginx } from './cures';
import { Fault, fault, Outcome, Result } from './result';
import { arrive, Options, Target } from './target';

export type { Options } from './target';
export { Unreachable } from './target';
export type { Result } from './result';

export const defaults: Options = {
  transports: ['xhr-polling'], hold: 30, clients: 20, idle: 0, messageBytes: 1000000,
  entry: 'dist/server.js', folder: process.cwd(), patience: 8,
};

type Check = (target: Target) => Promise<Outcome>;

/** The checks that run one after another, before the others. */
const FIRST: Record<string, Check> = { page, health, handshake, 'fresh answers': fresh };

/**
 * The check that runs alone. If its polls are too many, the server could refuse the requests of
 * other checks.
 */
const MANY: Record<string, Check> = { 'many polls at once': manyPolls };

/** The check that takes long. It runs at the same time as the short checks. */
const HELD: Record<string, Check> = { 'held polls': heldPolls };

/** The checks that run one after another, while polls are held. */
const SHORT: Record<string, Check> = {
  'message, xhr-polling': polling,
  'message, websocket': webSocket,
  'origins of pages': origins,
  'status of errors': errorStatus,
  'texts of errors': errorTexts,
  'size of a message': bodyLimit,
  'large headers': largeHeaders,
  addresses,
  debugger: debuggerClosed,
  logs,
  'files of the folder': files,
  headers,
  compression,
};

const LAST: Record<string, Check> = { 'after idle': afterIdle };

/** The checks that need a session. They are skipped if the handshake fails. */
const NEEDS_SESSION = new Set<Check>([
  manyPolls, heldPolls, polling, webSocket, origins, bodyLimit,
]);

/** The number of checks, the first request included. */
export const CHECKS = 1
  + [FIRST, MANY, HELD, SHORT, LAST].reduce((sum, group) => sum + Object.keys(group).length, 0);

/**
 * Verifies a deployed application from outside. This takes a few seconds more than `hold`.
 * @param address the address of its page; redirects are followed
 * @param done the function that is called with each result, as soon as the check has ended
 * @returns all results; if the page cannot be loaded, only the result of the first request
 * @throws Unreachable if no server answers at the address
 */
export async function verify(
  address: string, options: Partial<Options> = {}, done?: (result: Result) => void,
): Promise<Result[]> {
  const { target, first } = await arrive(address, { ...defaults, ...options });
  const results: Result[] = [];
  const run = async (name: string, check: Check): Promise<Result> => {
    const { saw, faults = [], skipped = false } = await check(target).catch(failure);
    const state = skipped ? 'skipped' : faults.length > 0 ? 'failed' : 'passed';
    const result: Result = { name, state, saw: faults[0]?.saw ?? saw, faults };
    results.push(result);
    done?.(result);
    return result;
  };
  const runAll = async (checks: Record<string, Check>) => {
    for (const [name, check] of Object.entries(checks)) {
      const canRun = !NEEDS_SESSION.has(check) || hasHandshake(results);
      await run(name, canRun ? check : noSession);
    }
  };
  try {
    const { state } = await run('first request', () => Promise.resolve(first));
    // If the server answered well in the end, only too late, the other checks run.
    if (state === 'failed' && target.home.status !== 200) return results;
    if (state === 'failed' && !/a good answer/.test(first.faults![0]!.saw)) return results;
    await runAll(FIRST);
    await runAll(MANY);
    await Promise.all([runAll(HELD), runAll(SHORT)]);
    await runAll(LAST);
    return results;
  } finally {
    target.browser.close();
  }
}

function hasHandshake(results: Result[]): boolean {
  // If a cache answers the handshake, every client gets the same session.
  const freshAnswers = results.find(({ name }) => name === 'fresh answers');
  if (freshAnswers && /one answer/.test(freshAnswers.saw)) return false;
  // A handshake works even if it offers other transports than it should.
  const handshakes = results.find(({ name }) => name === 'handshake');
  return handshakes?.state === 'passed' || /offers|Content-Type/.test(handshakes?.saw ?? '');
}

const noSession: Check =
  () => Promise.resolve({ saw: 'no session can be opened', skipped: true });

function failure(error: unknown): Outcome {
  if (error instanceof Fault) return { saw: error.saw, faults: [error] };
  if (!(error instanceof NoAnswer)) throw error;
  const found = fault(
    `${error.url.pathname}: ${error.message}`,
    'the server or a proxy in front of it has stopped, or cannot be reached', cures.log,
    nginx('proxy_read_timeout 60s;'),
  );
  return { saw: found.saw, faults: [found] };
}
