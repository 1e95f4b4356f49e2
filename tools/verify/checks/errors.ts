/* Checks the server's errors: their statuses and their texts. */
import type { Answer } from '../browser';
import { cures, nginx } from '../cures';
import { isOfIis } from '../iis-errors';
import { Fault, fault, Outcome } from '../result';
import { askHandshake } from '../session';
import { isHome, Target } from '../target';
import { STRANGER } from './origins';

/**
 * Checks that no error has status 200. A client would take the text of such an error for the answer
 * to a poll.
 */
export async function errorStatus(target: Target): Promise<Outcome> {
  const get = (path: string) => target.browser.ask(new URL(path, target.base));
  const faults: Fault[] = [];
  const wrong = (what: string, answer: Answer) => faults.push(fault(
    `${what}: status ${answer.status}`, 'errors are answered with the status of a good answer',
    cures.devErrors, cures.devErrorsYml, nginx('error_page 404 = …;  # without the "= 200"'),
  ));
  const page = await get('no-such-page');
  if (page.status < 400 && !isHome(target, page)) wrong('a page that is not there', page);
  const session = await get(`${target.resource}/1/xhr-polling/nobodys-session`);
  if (session.status < 400 && !session.text.startsWith('7::')) {
    wrong('a poll of an unknown session', session);
  }
  const transport = await get(`${target.resource}/1/no-such-transport/x`);
  if (transport.status < 400) wrong('an unknown transport', transport);
  const poll = session.status < 400 ? '7::' : session.status;
  return { saw: `${page.status}, ${poll}, ${transport.status}`, faults };
}

/** Checks that the texts of errors are the server's own, because Socket.IO's client reads them. */
export async function errorTexts(target: Target): Promise<Outcome> {
  const page = await target.browser.ask(new URL('no-such-page', target.base));
  const headers = { Origin: STRANGER, Referer: `${STRANGER}/` };
  const refused = await askHandshake(target, { headers });
  const faults: Fault[] = [];
  // A 404 without a text may mean that IIS refuses the URL. The checks of the page and of the
  // handshake report such a refusal.
  const replaced = [page, refused]
    .filter(answer => isOfIis(answer) && (answer.text !== '' || answer.status === 403));
  for (const { status, text, url } of replaced) {
    const saw = `${url.pathname}: status ${status}, ${text === '' ? 'no text' : 'IIS\'s page'}`;
    faults.push(fault(saw, 'IIS replaces the texts of errors', cures.existingResponse));
  }
  // The server's own errors are plain text (src/realtime).
  const own = /^text\/plain/.test(refused.headers['content-type'] ?? '');
  if (refused.status === 403 && !isOfIis(refused) && !own) {
    const saw = `a handshake that is refused: status ${refused.status}, a page of a proxy`;
    const why = 'a proxy replaces the texts of errors';
    faults.push(fault(saw, why, nginx('proxy_intercept_errors off;')));
  }
  const text = JSON.stringify(refused.text.slice(0, 60));
  return { saw: refused.status < 400 ? 'the server\'s own' : text, faults };
}
