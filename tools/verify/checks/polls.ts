/* Checks that take time: polls that wait, many polls at once, a request after idle time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { NoAnswer } from '../browser';
import { appcmd, Cure, cures, NAME, nginx } from '../cures';
import { TOO_MANY_REQUESTS } from '../causes/server-error';
import { expectOk } from '../diagnosis';
import { isOfIis } from '../iis-errors';
import { Fault, fault, Outcome } from '../result';
import { acknowledged, askHandshake, openSession, Session } from '../session';
import type { Target } from '../target';

/**
 * Polls on one connection for `hold` seconds, and then sends one more request on this connection.
 * 0.9 answers a poll without data after 20 s, and the client sends the next poll.
 */
export async function heldPolls(target: Target): Promise<Outcome> {
  const agent = target.browser.connections(target.base, 1);
  const connections = new Set<unknown>();
  let [polls, longest, asked] = [0, 0, 0];
  const start = Date.now();
  const session = await openSession(target);
  // At the end of the time, the acknowledgement of this event ends the waiting poll.
  const wake = setTimeout(
    () => void session.post(acknowledged(1)).catch(() => undefined), target.hold * 1000);
  try {
    while (Date.now() - start < target.hold * 1000) {
      asked = Date.now();
      const { answer } = await session.poll(agent);
      connections.add(answer.socket);
      polls += 1;
      longest = Math.max(longest, answer.ms);
    }
    asked = Date.now();
    const next = await askHandshake(target, { agent });
    connections.add(next.socket);
    await expectOk('the request after the polls', next, target);
  } catch (error) {
    throw faultOfWaiting(error, (Date.now() - asked) / 1000);
  } finally {
    clearTimeout(wake);
    await session.close();
    agent.destroy();
  }
  const took = seconds(Date.now() - start);
  const outcome = { saw: `${polls} polls in ${took}, the longest ${seconds(longest)}` };
  if (connections.size === 1) return outcome;
  const saw = `${connections.size} connections for ${polls + 1} requests`;
  return { ...outcome, faults: [closesConnections(saw)] };
}

function closesConnections(saw: string): Fault {
  return new Fault(saw, [
    { why: 'IIS closes connections that browsers would keep', cures: [cures.allowKeepAlive] },
    { why: 'a proxy closes them', cures: [nginx('keepalive_timeout 75s;')] },
  ]);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/**
 * Finds the fault behind an error of a poll that had waited.
 * @param after the time for which the poll had waited, s
 * @returns the fault; the error itself if the waiting is not its cause
 */
function faultOfWaiting(error: unknown, after: number): unknown {
  const late = `after ${after.toFixed(1)} s of waiting`;
  if (error instanceof Fault) {
    const [, status] = /status (\d+)/.exec(error.saw) ?? [];
    if (status === '500' && /of IIS's own/.test(error.saw)) {
      const why = 'node cuts a connection that waits as long as a poll, 20 s (500.1013)';
      return fault(`${error.saw}, ${late}`, why, cures.keepAlive, cures.log);
    }
    if (!/^(408|499|502|504)$/.test(status ?? '')) return error.as(`${error.saw}, ${late}`);
    return cutsPolls(`${error.saw}, ${late}`, after);
  }
  if (!(error instanceof NoAnswer)) return error;
  return cutsPolls(`${error.message}, ${late}`, after);
}

/**
 * Makes the fault of a poll that was cut. The cure in the application is a shorter poll: half the
 * time for which this poll had waited.
 */
function cutsPolls(saw: string, after: number): Fault {
  const duration = Math.max(1, Math.floor(after / 2));
  const cure: Cure = {
    at: 'src/app.ts', inside: 'where the proxy cannot be changed',
    line: `io.set('polling duration', ${duration});`, find: 'polling duration',
  };
  const why = 'something between here and the server does not wait as long as a poll, 20 s: '
    + 'a proxy, a firewall, a virus scanner';
  return fault(saw, why, nginx('proxy_read_timeout 60s;'), cure);
}

/**
 * Makes the polls of many clients wait at the same time, each on a connection of its own. Then the
 * check sends one more request beside them.
 */
export async function manyPolls(target: Target): Promise<Outcome> {
  const refused = new Map<string, { fault: Fault; times: number }>();
  /** @param after the time for which the poll had waited, s. A limit refuses a poll at once */
  const count = (error: unknown, after = 0) => {
    if (!(error instanceof Fault || error instanceof NoAnswer)) throw error;
    const atOnce = error instanceof Fault ? error : new Fault(error.message, TOO_MANY_REQUESTS);
    const one = after > 0.5 ? faultOfWaiting(error, after) as Fault : atOnce;
    const key = JSON.stringify(one.causes);
    const known = refused.get(key);
    refused.set(key, { fault: known?.fault ?? one, times: (known?.times ?? 0) + 1 });
  };

  // All sessions are opened before one poll waits. Otherwise an application that tells all clients
  // of each new client would answer every waiting poll at each handshake.
  const opening = target.browser.connections(target.base);
  const sessions: Session[] = [];
  let slowest = 0;
  await inBatches(Array.from({ length: target.clients }), async () => {
    const session = await openSession(target, opening);
    const { answer } = await session.poll(opening);
    slowest = Math.max(slowest, answer.ms);
    sessions.push(session);
  }, count);
  opening.destroy();

  const agent = target.browser.connections(target.base);
  let over = false;
  let [waiting, last] = [0, Date.now()];
  const all = Promise.all(sessions.map(async session => {
    let [asked, answered] = [0, 0];
    const ended = () => {
      waiting -= 1;
      answered = Date.now();
    };
    try {
      while (!over) {
        waiting += 1;
        asked = last = Date.now();
        await session.poll(agent, ended);
      }
    } catch (error) {
      // When `over` is set, this function cuts the connections itself, and the errors of these
      // polls do not count. A Fault counts at any time, because the server has answered. On a busy
      // machine, a poll may reach a limit of the server only after `over` is set.
      if (!over || error instanceof Fault) count(error, (answered - asked) / 1000);
    }
  }));
  // All polls wait when no poll was sent or answered for some time. In a busy application this may
  // never happen, so the wait for it ends after `patience`.
  const onTheWay = 500 + 3 * slowest;
  let [looks, seen] = [0, 0];
  const allWait = () => {
    // A busy machine can be late with answers that have arrived. So the time alone is not enough:
    // this function must also have seen no change ten times.
    looks = waiting === sessions.length && last === seen ? looks + 1 : 0;
    seen = last;
    return looks >= 10 && Date.now() - last > onTheWay;
  };
  const patience = 5000 + 10 * slowest;
  for (const start = Date.now(); !allWait() && Date.now() - start < patience;) await sleep(50);
  const beside = await requestBeside(target).catch((error: Fault) => error);

  over = true;
  let open = sessions;
  const close = async () => {
    const closing = open;
    open = [];
    await inBatches(closing, async session => {
      if (!await session.close()) open.push(session);
    }, count);
  };
  await close();
  // The server answers the polls of closed sessions. If the server has refused polls, it may also
  // refuse the requests that close sessions. These requests are sent again when the server has
  // answered the polls, which takes 20 s at most.
  const patient = open.length > 0 ? 25000 : 2000;
  await Promise.race([all, sleep(patient, undefined, { ref: false })]);
  await close();
  agent.destroy();
  await all;

  const faults = Array.from(refused.values(), ({ fault: one, times }) =>
    one.as(`${times} of ${target.clients}: ${one.saw}`));
  if (beside instanceof Fault) faults.push(beside);
  const more = target.clients > 1024
    ? ''
    : '; --clients 1100 would show whether iisnode.yml is found';
  const ms = beside instanceof Fault ? '–' : beside;
  const saw = `${target.clients} waited at once; ${ms} ms for a request beside them${more}`;
  return { saw, faults };
}

/**
 * Sends a request while polls wait.
 * @returns the time until the answer, ms
 * @throws Fault if the request fails
 */
async function requestBeside(target: Target): Promise<number> {
  const what = 'a request beside them';
  const answer = await askHandshake(target, { seconds: 10 }).catch((error: NoAnswer) => {
    throw fault(
      `${what}: ${error.message}`,
      'IIS has a limit of its own: on Windows 7 it answers 10 requests at a time, on a server '
      + 'as many as its queue takes',
      appcmd(`set apppool ${NAME} /queueLength:10000`),
    );
  });
  if (answer.status === 503 && isOfIis(answer)) {
    throw new Fault(`${what}: status 503 of IIS's own`, TOO_MANY_REQUESTS);
  }
  await expectOk(what, answer, target);
  return answer.ms;
}

/** Calls a function for each item, 50 at a time. More could be too many for this machine. */
async function inBatches<T>(
  items: T[], act: (item: T) => Promise<unknown>, failed: (error: unknown) => void,
): Promise<void> {
  for (let from = 0; from < items.length; from += 50) {
    await Promise.all(items.slice(from, from + 50).map(item => act(item).catch(failed)));
  }
}

/** Measures the wait of the first visitor after a time without requests. */
export async function afterIdle(target: Target): Promise<Outcome> {
  if (!target.idle) return { saw: 'not asked for: --idle 60', skipped: true };
  await sleep(target.idle * 1000);
  const answer = await target.browser.open(target.page);
  await expectOk(`page after ${target.idle} s without a request`, answer, target);
  return { saw: `${answer.ms} ms after ${target.idle} s without a request` };
}
