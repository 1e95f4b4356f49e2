/* Checks that only pages of the application and of the origins that it allows may connect. */
import type { Answer, Request } from '../browser';
import { appSetting, Cure, cures, nginx, noHeader, noSetting } from '../cures';
import { diagnose } from '../diagnosis';
import { isOfIis } from '../iis-errors';
import { Fault, fault, Outcome } from '../result';
import { askHandshake } from '../session';
import type { Target } from '../target';

/** The origin of a page that may not connect. By RFC 2606, the domain cannot exist. */
export const STRANGER = 'http://stranger.invalid';

export async function origins(target: Target): Promise<Outcome> {
  const ask = (headers: Request['headers']) => askHandshake(target, { headers });
  const preflight = (from: string) => askHandshake(target, {
    method: 'OPTIONS',
    headers: {
      Origin: from, Referer: undefined, 'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'content-type',
    },
  });
  const own = target.base.origin;
  const faults: Fault[] = [];
  const add = (found: Fault | null | undefined) => { if (found) faults.push(found); };

  const ours = await ask({ Origin: own });
  if (ours.status !== 200) add(await diagnose(`a page of ${own}`, ours, target));
  const ourPreflight = await preflight(own);
  // If the page may not connect, its preflight is refused for the same reason.
  if (ours.status === 200) add(await refusedPreflight(own, ourPreflight, target));

  const stranger = await ask({ Origin: STRANGER, Referer: `${STRANGER}/` });
  add(opened(stranger));
  if (stranger.status !== 200) {
    add(opened(await ask({ Origin: undefined, Referer: `${STRANGER}/` })));
    add(opened(await preflight(STRANGER)));
  }
  for (const answer of [ours, stranger]) add(forEverybody(answer));
  if (target.origin !== undefined) {
    const named = await ask({ Origin: target.origin, Referer: `${target.origin}/` });
    if (!allows(named, target.origin)) add(await mayNotConnect(named, target.origin, target));
    else add(await refusedPreflight(target.origin, await preflight(target.origin), target));
  }
  const more = target.origin === undefined ? '' : `, those of ${target.origin} too`;
  return { saw: `own pages may connect${more}, others get 403`, faults };
}

/** @returns a fault if the server did not answer a preflight itself, with the allowed methods */
async function refusedPreflight(
  from: string, answer: Answer, target: Target,
): Promise<Fault | null> {
  const what = `a preflight of ${from}`;
  if (answer.status >= 400) return diagnose(what, answer, target);
  if (answer.headers['access-control-allow-methods'] !== undefined) return null;
  const byIis = answer.headers.public !== undefined || isOfIis(answer);
  return fault(
    `${what}: no Access-Control-Allow-Methods`,
    byIis ? 'IIS answers OPTIONS itself' : 'a proxy answers OPTIONS itself, or drops headers',
    byIis ? cures.clearHandlers : nginx('proxy_pass_header Access-Control-Allow-Methods;'),
    cures.handler,
  );
}

/** @returns a fault if a page of another origin was accepted */
function opened({ status, headers, asked }: Answer): Fault | null {
  if (status >= 400) return null;
  const by = asked.headers?.Origin === undefined ? 'by its Referer' : asked.method ?? 'GET';
  const saw = `a page of ${STRANGER} (${by}): status ${status}`;
  if (headers['access-control-allow-origin'] === STRANGER) {
    return fault(
      saw, 'ALLOWED_ORIGINS allows it: pages of other sites connect with a visitor\'s cookies',
      noSetting('ALLOWED_ORIGINS'),
    );
  }
  return fault(
    saw, 'a proxy drops Origin and Referer: pages of other sites connect with a visitor\'s cookies',
    nginx('proxy_set_header Origin $http_origin; proxy_set_header Referer $http_referer;'),
  );
}

/** @returns a fault if an answer allows all origins, which the server itself never does */
function forEverybody({ headers }: Answer): Fault | null {
  const allowed = headers['access-control-allow-origin'];
  if (allowed === undefined || !allowed.includes('*')) return null;
  return fault(
    `Access-Control-Allow-Origin: ${allowed}`,
    'IIS adds it to each answer: from customHeaders, here or in a parent',
    noHeader('Access-Control-Allow-Origin'),
  );
}

function allows({ status, headers }: Answer, origin: string): boolean {
  return status === 200 && headers['access-control-allow-origin'] === origin
    && headers['access-control-allow-credentials'] === 'true';
}

async function mayNotConnect(answer: Answer, origin: string, target: Target): Promise<Fault> {
  const { status, headers } = answer;
  if (status !== 200 && status !== 403) return diagnose(`a page of ${origin}`, answer, target);
  const allowed = headers['access-control-allow-origin'];
  const saw = `a page of ${origin}: status ${status}, Access-Control-Allow-Origin `
    + (allowed ?? 'missing');
  const [why, cure]: [string, Cure] = allowed?.includes('*')
    ? ['IIS adds the header a second time', noHeader('Access-Control-Allow-Origin')]
    : status === 200
      ? ['a proxy drops the header', nginx('proxy_pass_header Access-Control-Allow-Origin;')]
      : ['the server does not know this origin', appSetting('ALLOWED_ORIGINS', origin)];
  return fault(saw, why, cure);
}
