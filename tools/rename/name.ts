/* Checks the name of an application: IIS, Windows and npm must all accept it. */
import type { RequestFiltering } from '../iis/config';
import { refusal } from '../iis/filtering';
import { Refusal } from '../refusal';

// Windows opens a device by these names, with any extension. COM0 and LPT0 count as devices, too.
const DEVICE = /^(con|prn|aux|nul|(com|lpt)\d)(\.|$)/i;

/** The reasons why request filtering refuses a name, by the sub-status of its 404. */
const REASONS: Record<number, string> = {
  5: 'web.config denies this sequence',
  7: 'IIS does not serve this file extension',
  8: 'IIS hides a segment of this name',
};

/** IIS ignores an application pool with a longer name (event 5050 of its activation service). */
const LONGEST = 64;

/**
 * Checks a name. The name becomes the name of a segment of URLs, of a folder, of an application
 * pool and, in lower case, of a package.
 * @param text 'chat' or '/chat'
 * @param filtering the request filtering of the project's web.config
 * @returns the name without a slash
 * @throws Refusal for a name that IIS, Windows or npm would not accept
 */
export function checkName(text: string, filtering: RequestFiltering): string {
  const name = text.replace(/^\//, '');
  if (/[^/]\/+[^/]/.test(name)) {
    const byHand = 'set APP_PATH in src/config.ts and the rule in web.config by hand';
    throw new Refusal(`${text}: takes one segment of a path, such as chat. For a longer path, `
      + byHand);
  }
  // config.ts accepts these characters and ~. npm accepts no ~, and no dot or underscore in front.
  if (!/^[a-z\d]([\w.-]*[\w-])?$/i.test(name)) {
    const allowed = 'English letters and digits, and - _ . inside of the name; - _ also at its end';
    throw new Refusal(`${text || "''"}: the name may have ${allowed}`);
  }
  if (name.length > LONGEST) {
    throw new Refusal(`${text}: the name is longer than ${LONGEST} characters`);
  }
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

/** Returns the name of the package, in lower case: npm accepts nothing else. */
export function packageName(name: string): string {
  return name.toLowerCase();
}
