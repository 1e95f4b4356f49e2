/* Checks that take time: polls held for long, many at once, a request after idle. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, keepAlive, NoAnswer } from './http';
import { expectOk, Fault, Outcome } from './result';
import { ACKNOWLEDGED, HEARTBEAT, openSession, Session } from './session';
import { places } from './settings';
import type { Target } from './target';

/**
 * Polls on one connection for as long as is asked for, then one more request on it. 0.9 answers a poll after 20 s with
 * nothing; then the next one follows.
 */
export async function heldPolls(target: Target): Promise<Outcome> {
  const agent = keepAlive(target.base, 1);
  const connections = new Set<unknown>();
  let [polls, longest] = [0, 0];
  const start = Date.now();
  const session = await openSession(target);
  // Answers the poll that waits when the time is up.
  const wake = setTimeout(() => void session.post(ACKNOWLEDGED).catch(() => undefined), target.hold * 1000);
  try {
    expectOk('a POST', await session.post(HEARTBEAT));
    while (Date.now() - start < target.hold * 1000) {
      const { answer } = await session.poll(agent);
      connections.add(answer.socket);
      polls += 1;
      longest = Math.max(longest, answer.ms);
    }
    const next = await session.post(HEARTBEAT, { agent });
    connections.add(next.socket);
    expectOk('the request after the polls', next);
  } catch (error) {
    const after = `after ${seconds(Date.now() - start)} s of polls`;
    if (error instanceof Fault) throw new Fault(`${error.saw}, ${after}`, error.cause, [...error.places, places.keepAlive]);
    if (!(error instanceof NoAnswer)) throw error;
    throw new Fault(`${error.message}, ${after}`, 'something between here and the server does not wait as long as a poll (20 s)', [places.keepAlive]);
  } finally {
    clearTimeout(wake);
    await session.close();
    agent.destroy();
  }
  const outcome = { saw: `${polls} polls in ${seconds(Date.now() - start)} s, the longest ${seconds(longest)} s` };
  if (connections.size === 1) return outcome;
  const saw = `${connections.size} connections for ${polls + 1} requests`;
  return { ...outcome, faults: [new Fault(saw, 'IIS or a proxy closes connections that browsers would keep', [places.allowKeepAlive])] };
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

/** So many clients whose polls wait at the same time, each on a connection of its own; and one more request beside them. */
export async function manyPolls(target: Target): Promise<Outcome> {
  const refused = new Map<string, Fault>();
  const times = new Map<string, number>();
  const count = (error: unknown) => {
    if (!(error instanceof Error)) throw error;
    const fault = error instanceof Fault ? error : new Fault(error.message, 'the connections are not taken', [places.concurrent, places.pendingPipes]);
    refused.set(fault.saw, fault);
    times.set(fault.saw, (times.get(fault.saw) ?? 0) + 1);
  };

  // All are opened before one waits: an application that tells everyone of a newcomer would answer every poll for each.
  const opening = keepAlive(target.base);
  const sessions: Session[] = [];
  await inBatches(Array.from({ length: target.clients }), async () => {
    const session = await openSession(target, opening);
    await session.poll(opening);
    sessions.push(session);
  }, count);
  opening.destroy();

  const agent = keepAlive(target.base);
  let over = false;
  let last = Date.now();
  const all = Promise.all(sessions.map(async session => {
    try {
      while (!over) {
        await session.poll(agent);
        last = Date.now();
      }
    } catch (error) {
      if (!over) count(error);
    }
  }));
  // They wait when none has been answered for 2 s. In a busy application some always are.
  for (const start = Date.now(); Date.now() - last < 2000 && Date.now() - start < 15000;) await sleep(50);
  const beside = await besides(target).catch((fault: Fault) => fault);

  over = true;
  const close = () => inBatches(sessions, session => session.close(), count);
  await close();
  // Where more is refused than taken, so is the end of a session. iisnode counts a poll until it is answered: 20 s at most.
  if (refused.size > 0) await Promise.race([all, sleep(25000, undefined, { ref: false })]).then(close);
  agent.destroy();
  await all;

  const faults = [...refused.values()].map(fault => fault.as(`${times.get(fault.saw)} of ${target.clients}: ${fault.saw}`));
  if (beside instanceof Fault) faults.push(beside);
  const more = target.clients > 1024 ? '' : '; --clients 1100 would show whether iisnode.yml is found';
  return { saw: `${target.clients} waited at once; ${String(beside)} ms for a request beside them${more}`, faults };
}

/** @throws Fault */
async function besides(target: Target): Promise<number> {
  const what = 'a request beside them';
  const answer = await ask(new URL(`${target.resource}/1/?t=${Date.now()}`, target.base), { seconds: 10 }).catch((error: NoAnswer) => {
    throw new Fault(`${what}: ${error.message}`, 'IIS has a limit of its own: on Windows 7 it answers 10 requests at a time', [places.concurrent]);
  });
  expectOk(what, answer);
  return answer.ms;
}

/** 50 at a time, so that this machine is not what limits. */
async function inBatches<T>(items: T[], act: (item: T) => Promise<unknown>, failed: (error: unknown) => void): Promise<void> {
  for (let from = 0; from < items.length; from += 50) {
    await Promise.all(items.slice(from, from + 50).map(item => act(item).catch(failed)));
  }
}

/** How long the first visitor waits after a time without any. */
export async function afterIdle(target: Target): Promise<Outcome> {
  if (!target.idle) return { saw: 'not asked for: --idle 60', skipped: true };
  await sleep(target.idle * 1000);
  const answer = await ask(target.page, { seconds: 60 });
  expectOk(`page after ${target.idle} s without a request`, answer);
  return { saw: `${answer.ms} ms after ${target.idle} s without a request` };
}
