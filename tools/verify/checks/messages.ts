/* Checks Socket.IO: the handshake, a message with its acknowledgement, the size of a message. */
import { notAcknowledged } from '../causes/event';
import { appSetting, cures, maxBody, nginx } from '../cures';
import { diagnose, expectOk } from '../diagnosis';
import { Fault, fault, Outcome } from '../result';
import {
  acknowledged, askHandshake, HANDSHAKE, HEARTBEAT, openSession, Session,
} from '../session';
import type { Target } from '../target';

/** Checks that the handshake offers the transports of --transports, and no others. */
export async function handshake(target: Target): Promise<Outcome> {
  const { transports } = target;
  const answer = await askHandshake(target);
  await expectOk('handshake', answer, target);
  const [, , offered] = HANDSHAKE.exec(answer.text) ?? [];
  if (offered === undefined) throw await diagnose('handshake', answer, target);
  const faults: Fault[] = [];
  const sorted = (names: string[]) => [...names].sort().join();
  if (sorted(offered.split(',')) !== sorted(transports)) {
    const why = `${transports.join(',')} is meant; if it is not, say --transports ${offered}`;
    const saw = `handshake: offers ${offered || 'nothing'}`;
    faults.push(fault(saw, why, appSetting('TRANSPORTS', transports.join())));
  }
  const type = answer.headers['content-type'] ?? '';
  if (!/^text\/plain/.test(type)) {
    faults.push(fault(
      `handshake: Content-Type ${type || 'missing'}`,
      'something between here and the server changes its answers',
      nginx('proxy_pass_header Content-Type;'),
    ));
  }
  return { saw: `offers ${offered}`, faults };
}

/** Checks that no cache answers a request, and that no proxy drops the header against caches. */
export async function fresh(target: Target): Promise<Outcome> {
  const { browser, base, resource } = target;
  const url = new URL(`${resource}/1/?t=${Date.now()}`, base);
  const first = await browser.ask(url);
  const second = await browser.ask(url);
  // If IIS caches, it keeps the answer to the second request for a URL. The third request gets it.
  const third = await browser.ask(url);
  const answers = [first, second, third];
  if (answers.some(({ status }) => status !== 200)) return { saw: 'no handshake', skipped: true };
  const noCache = nginx(`location ${resource} { proxy_cache off; proxy_buffering off; }`);
  if (first.text === second.text || second.text === third.text) {
    const age = third.headers.age ?? third.headers['x-cache'];
    const saw = `two handshakes have one answer${age === undefined ? '' : ` (${String(age)})`}`;
    throw new Fault(saw, [
      { why: 'IIS keeps answers, by a rule of <caching>', cures: [cures.caching] },
      { why: 'a proxy keeps answers that say no-store', cures: [noCache] },
    ]);
  }
  if (!/no-store/.test(first.headers['cache-control'] ?? '')) {
    const saw = `handshake: Cache-Control ${first.headers['cache-control'] ?? 'missing'}`;
    const why = 'a proxy drops the header that keeps browsers and proxies from keeping answers';
    throw fault(saw, why, nginx('proxy_pass_header Cache-Control;'));
  }
  return { saw: 'each answer is a new one' };
}

/** The longest time of the quickest of three messages, ms. Slower messages are late. */
const LATE = 2000;

/**
 * Sends messages over xhr-polling, and waits for their acknowledgements. The server acknowledges
 * these events by itself, so the check works with every application, and no handler is called. Then
 * the check tries an event of the application.
 */
export async function polling(target: Target): Promise<Outcome> {
  if (!target.transports.includes('xhr-polling')) {
    return { saw: 'xhr-polling is not meant to be offered', skipped: true };
  }
  const session = await openSession(target);
  try {
    await session.poll();
    const times: number[] = [];
    for (const number of [1, 2, 3]) times.push(await message(target, session, number));
    const ms = Math.min(...times);
    if (ms > LATE) {
      const saw = `acknowledged after ${(ms / 1000).toFixed(1)} s, three times`;
      const why = 'something on the way collects the answers to polls';
      throw fault(saw, why, nginx('proxy_buffering off;'));
    }
    const event = await ownEvent(target, session);
    return { saw: `acknowledged in ${ms} ms${event}` };
  } finally {
    await session.close();
  }
}

/** Sends a message. @returns the time from the end of the POST to the acknowledgement, ms */
async function message(target: Target, session: Session, number: number): Promise<number> {
  const got = session.wait(packet => packet.startsWith(`6:::${number}`), 10);
  got.catch(() => undefined);
  const post = await session.post(acknowledged(number));
  await expectOk('a POST', post, target);
  const posted = Date.now();
  if (await got === null) {
    const why = 'something on the way holds back the answers to polls';
    throw fault('a message is not acknowledged within 10 s', why, nginx('proxy_buffering off;'));
  }
  return Date.now() - posted;
}

/** Sends an event that the application itself acknowledges: the event of --event, or the demo's. */
async function ownEvent(target: Target, session: Session): Promise<string> {
  const demo = /<script[^>]+src="demo\.js"/.test(target.home.text);
  const name = target.event ?? (demo ? 'message' : undefined);
  if (name === undefined) return '';
  let answered = false;
  const got = session.wait(packet => {
    if (/^5:::.*"name":"response"/.test(packet)) answered = true;
    return packet.startsWith('6:::9+');
  }, 10);
  got.catch(() => undefined);
  const packet = `5:9+::${JSON.stringify({ name, args: ['verify'] })}`;
  await expectOk('a POST', await session.post(packet), target);
  if (await got === null) {
    throw new Fault(`'${name}' is not acknowledged`, notAcknowledged(target.folder, name));
  }
  return `; ${name} too${answered ? ', and answered' : ''}`;
}

/**
 * Checks that a message of the largest size arrives, and that a message of twice the size is
 * refused with an answer.
 */
export async function bodyLimit(target: Target): Promise<Outcome> {
  const session = await openSession(target);
  // The server ignores the text of a heartbeat.
  const send = (bytes: number, bodyAfter?: number) =>
    session.post(`${HEARTBEAT}:`.padEnd(bytes, 'x'), { bodyAfter });
  const bytes = target.messageBytes;
  try {
    const small = await send(10);
    // If every POST is refused, another check reports that.
    if (small.status !== 200) return { saw: 'no POST is accepted', skipped: true };
    const faults: Fault[] = [];
    const fits = await send(bytes);
    if (fits.status !== 200) faults.push(await diagnose(`${bytes} bytes`, fits, target));
    const over = await send(bytes * 2, 3).catch((error: Error) => error);
    if (over instanceof Error) {
      const why = 'a message that is too large is cut off without an answer, perhaps by a proxy';
      faults.push(fault(
        `${bytes * 2} bytes: ${over.message}`, why, nginx('client_max_body_size 2m;'), maxBody()));
    } else if (over.status < 400 && over.text === '1') {
      // "1" is the server's answer to a POST that it has accepted.
      const why = 'MAX_MESSAGE_BYTES of the server is larger, or there is no limit';
      faults.push(fault(
        `${bytes * 2} bytes: status ${over.status}`, why,
        appSetting('MAX_MESSAGE_BYTES', String(bytes)), maxBody()));
    }
    return { saw: `${bytes} bytes accepted, ${bytes * 2} refused`, faults };
  } finally {
    await session.close();
  }
}
