/* Which names an application can have: what IIS, Windows and npm take. */
import type { RequestFiltering } from '../iis/config';
import { refusal } from '../iis/filtering';
import { Refusal } from '../refusal';

// Windows opens a device by these, whatever extension they have. COM0 and LPT0 are taken for such as well.
const DEVICE = /^(con|prn|aux|nul|(com|lpt)\d)(\.|$)/i;

// The sub-statuses of IIS's request filtering that a name can bring about.
const WHY: Record<number, string> = { 5: 'a sequence that web.config denies', 7: 'a file extension that is denied', 8: 'a hidden segment' };

/**
 * Checks the name that was asked for. It becomes a segment of URLs, a folder, an application pool and, in lower case, a package.
 * @param text 'chat' or '/chat'
 * @param filtering what IIS refuses with this project's web.config
 * @throws Refusal
 */
export function checkName(text: string, filtering: RequestFiltering): string {
  const name = text.replace(/^\//, '');
  if (/[^/]\/+[^/]/.test(name)) {
    throw new Refusal(`${text}: takes one segment of a path, such as chat. More of them are set by hand: APP_PATH in src/config.ts, the rule in web.config`);
  }
  // The characters that config.ts takes, without ~, which npm does not take; and npm wants no dot or underscore in front.
  if (!/^[a-z\d]([\w.-]*[\w-])?$/i.test(name)) {
    throw new Refusal(`${text || "''"}: takes letters of English, digits, and - _ . behind the first of them, with no dot at the end`);
  }
  // IIS ignores an application pool whose name is too long (event 5050 of its activation service).
  if (name.length > 64) throw new Refusal(`${text}: is longer than 64 characters`);
  if (DEVICE.test(name)) throw new Refusal(`${text}: Windows has a device of that name, and no folder can have it`);
  for (const path of [`/${name}`, `/${name}/`, `/${name}/socket/1/`]) {
    const status = refusal({ method: 'GET', rawPath: path, path, query: '', headers: {} }, filtering);
    if (status === null) continue;
    throw new Refusal(`${text}: IIS would not serve it (404.${status}, ${WHY[status] ?? 'by web.config'})`);
  }
  return name;
}

/** The name as npm takes it for a package. */
export function packageName(name: string): string {
  return name.toLowerCase();
}
