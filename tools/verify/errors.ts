/* Checks of how the server says no: with which status, and in whose words. */
import { ask } from './http';
import { Fault, Outcome, unexpected } from './result';
import { places } from './settings';
import { STRANGER } from './socket';
import { isHome, Target } from './target';

/** An error has the status of one: a polling client takes whatever comes with status 200 for data. */
export async function errorStatus(target: Target): Promise<Outcome> {
  const get = (path: string) => ask(new URL(path, target.base));
  const faults: Fault[] = [];
  const page = await get('no-such-page');
  if (page.status < 400 && !isHome(target, page)) faults.push(unexpected('a page that is not there', page));
  const session = await get(`${target.resource}/1/xhr-polling/nobodys-session`);
  if (session.status < 400 && !session.text.startsWith('7::')) faults.push(unexpected('a poll of an unknown session', session));
  const transport = await get(`${target.resource}/1/no-such-transport/x`);
  if (transport.status < 400) faults.push(unexpected('an unknown transport', transport));
  return { saw: `${page.status}, ${session.status < 400 ? '7::' : session.status}, ${transport.status}`, faults };
}

/** IIS's own pages: the detailed one, the one for visitors from elsewhere, and the brief one. */
const IIS_PAGE = /<title>\s*(IIS [\d.]+|\d{3} - )|HTTP Error \d{3}|Internet Information Services|^(The (page|resource)|You do not)/i;

/** The texts of errors are the server's own: Socket.IO's client reads them. */
export async function errorTexts(target: Target): Promise<Outcome> {
  const page = await ask(new URL('no-such-page', target.base));
  const refused = await ask(new URL(`${target.resource}/1/`, target.base), { headers: { Origin: STRANGER } });
  const faults: Fault[] = [];
  for (const [what, answer] of [['a page that is not there', page], ['a handshake that is refused', refused]] as const) {
    if (answer.status < 400 || (answer.text !== '' && !IIS_PAGE.test(answer.text))) continue;
    const saw = `${what}: status ${answer.status}, ${answer.text === '' ? 'no text' : 'IIS\'s page'}`;
    faults.push(new Fault(saw, 'IIS replaces the texts of errors', [places.existingResponse]));
  }
  return { saw: refused.status < 400 ? 'the server\'s own' : JSON.stringify(refused.text.slice(0, 60)), faults };
}
