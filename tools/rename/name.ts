/* Checks the name of an application: IIS, Windows and npm must all accept it. */
import type { RequestFiltering } from '../iis/config';
import { refusal } from '../iis/filtering';
import { Refusal } from '../refusal';

// Windows opens a device by these names, with any extension. COM0 and LPT0 count as devices, too.
const DEVICE = /^(con|prn|aux|nul|(com|lpt)\d)(\.|$)/i;

/** Why request filtering refuses a name, by the sub-status of its 404. */
const REASONS: Record<number, string> = {
  5: 'web.config denies this sequence',
  7: 'IIS does not serve this file extension',
  8: 'IIS hides a segment of this name',
};

/** IIS ignores an application pool with a longer name (event 5050 of its activation service). */
const LONGEST = 64;

/**
 * Checks a name. It becomes a segment of URLs, a folder, an application pool and, in lower case, a
 * package.
 * @param text 'chat' or '/chat'
 * @param filtering the request filtering of the project's web.config
 * @returns the name without a slash
 * @throws Refusal for a name that IIS, Windows or npm would not accept
 */
export function checkName(text: string, filtering: RequestFiltering): string {
  const name = text.replace(/^\//, '');
  if (/[^/]\/+[^/]/.test(name)) {
    const byHand = 'set APP_PATH in src/config.ts and the rule in web.config by hand';
    throw new Refusal(`${text}: takes one segment of a path, such as chat. For more, ${byHand}`);
  }
  // config.ts accepts these characters and ~. npm accepts no ~, and no dot or underscore in front.
  if (!/^[a-z\d]([\w.-]*[\w-])?$/i.test(name)) {
    const allowed = 'English letters and digits, and - _ . inside of the name; - _ also at its end';
    throw new Refusal(`${text || "''"}: takes ${allowed}`);
  }
  if (name.length > LONGEST) throw new Refusal(`${text}: is longer than ${LONGEST} characters`);
  if (DEVICE.test(name)) {
    throw new Refusal(`${text}: Windows has a device of that name, so no folder can have it`);
  }
  for (const path of [`/${name}`, `/${name}/`, `/${name}/socket/1/`]) {
    const request = { method: 'GET', rawPath: path, path, query: '', headers: {} };
    const status = refusal(request, filtering);
    if (status === null) continue;
    const why = REASONS[status] ?? 'web.config refuses it';
    throw new Refusal(`${text}: IIS would answer 404.${status}, because ${why}`);
  }
  return name;
}

/** The name of the package: npm accepts lower case only. */
export function packageName(name: string): string {
  return name.toLowerCase();
}
