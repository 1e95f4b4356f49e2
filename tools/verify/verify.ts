/* Runs the checks, in an order in which none disturbs another. */
import { afterIdle, heldPolls, manyPolls } from './load';
import { debuggerShut, files, logs } from './closed';
import { errorStatus, errorTexts } from './errors';
import { ask, NoAnswer } from './http';
import { compression, headers, health, page } from './pages';
import { Fault, Outcome, Result } from './result';
import { places } from './settings';
import { bodyLimit, handshake, origin, polling, webSocket } from './socket';
import { arrive, Options, Target } from './target';

export type { Options } from './target';
export { Unreachable } from './target';
export type { Result } from './result';

export const defaults: Options = {
  transports: ['xhr-polling'], hold: 30, clients: 20, idle: 0, messageBytes: 1000000, entry: 'dist/server.js', folder: process.cwd(),
};

type Check = (target: Target) => Promise<Outcome>;

/** Short ones, one after another while polls are held. */
const SHORT: Record<string, Check> = {
  page,
  health,
  handshake,
  'message, xhr-polling': polling,
  'message, websocket': webSocket,
  'origins of pages': origin,
  'size of a message': bodyLimit,
  'status of errors': errorStatus,
  'texts of errors': errorTexts,
  debugger: debuggerShut,
  logs,
  'files of the folder': files,
  headers,
  compression,
};

const LONG = ['held polls', 'many polls at once', 'after idle'] as const;

/**
 * Verifies a deployed application from outside. Takes about `hold` seconds and a few more.
 * @param address of its page; redirects are followed
 * @param done is told each result as soon as there is one
 * @throws Unreachable if no server answers there
 */
export async function verify(address: string, options: Partial<Options> = {}, done?: (result: Result) => void): Promise<Result[]> {
  const { target, first } = await arrive(address, { ...defaults, ...options });
  const run = async (name: string, check: Check): Promise<Result> => {
    const { saw, faults = [], skipped = false } = await check(target).catch(failure);
    const state = skipped ? 'skipped' : faults.length > 0 ? 'failed' : 'passed';
    const result: Result = { name, state, saw: faults.length > 0 ? faults[0]!.saw : saw, faults };
    done?.(result);
    return result;
  };

  const missing = target.home.status >= 500 ? undefined : await otherApplication(target);
  if (missing) first.faults = [missing];
  const results = [await run('first request', () => Promise.resolve(first))];
  if (target.home.status >= 500 || missing) {
    const skipped: Check = () => Promise.resolve({ saw: 'the page does not come', skipped: true });
    for (const name of [...Object.keys(SHORT), ...LONG]) results.push(await run(name, skipped));
    return results;
  }
  // Alone: where its polls are too many, any other request could be the one that is refused.
  const many = await run(LONG[1], manyPolls);
  const held = run(LONG[0], heldPolls);
  for (const [name, check] of Object.entries(SHORT)) results.push(await run(name, check));
  results.push(await held, many, await run(LONG[2], afterIdle));
  return results;
}

/** Where neither health nor a handshake is to be had there is not this application, and all the rest would fail for it. */
async function otherApplication(target: Target): Promise<Fault | undefined> {
  const [health, handshake] = await Promise.all(['health', 'socket/1/'].map(name => ask(new URL(name, target.base)).catch(() => null)));
  if (health?.status === 200 && health.text.startsWith('{')) return undefined;
  if (handshake && (handshake.status === 403 || /^[\w-]+:\d*:\d*:/.test(handshake.text))) return undefined;
  const saw = `${target.base.href}: status ${target.home.status}, and neither health nor Socket.IO`;
  return new Fault(saw, 'the application is not there: another address, another application, or no rule that takes its URLs', [places.ruleSocket, places.rulePages]);
}

function failure(error: unknown): Outcome {
  if (error instanceof Fault) return { saw: error.saw, faults: [error] };
  if (!(error instanceof NoAnswer)) throw error;
  const fault = new Fault(error.message, 'the server, or something before it, stopped or is out of reach', [places.logs]);
  return { saw: fault.saw, faults: [fault] };
}
