/* The applications of a site: which of them a request is for. */
import { sendError } from './respond';
import type { Site } from './site';
import { parseUrl } from './url';
import type { Visit } from './visit';

export class Sites {
  readonly all: Site[];

  /** @param below applications below the main one */
  constructor(readonly main: Site, below: Site[]) {
    // The deepest first: a URL belongs to the last application that it leads through.
    this.all = [...below, main].sort((a, b) => b.base.length - a.base.length);
  }

  /** The application that holds a path. */
  of(url: string): Site | undefined {
    return this.all.find(site => site.holds(url));
  }

  /** Answers by itself what http.sys refuses and what is of no application; hands on the rest. */
  async handle(visit: Visit): Promise<void> {
    const { method, headers } = visit.req;
    const rules = this.main.plainRules();
    const url = parseUrl(visit.rawUrl);
    if (!url || headers.host === undefined) return sendError(visit, rules, '400');
    const measured = headers['content-length'] ?? headers['transfer-encoding'];
    const unmeasured = measured === undefined;
    if (['POST', 'PUT'].includes(method!) && unmeasured) return sendError(visit, rules, '411');
    Object.assign(visit, { path: url.path, query: url.query });
    const site = this.of(url.path);
    if (site) return site.handle(visit, url.rawPath);
    const known = this.all.map(one => one.base).reverse().join(' and ');
    sendError(visit, { ...rules, local: true }, '404', `nothing but ${known} is on this site`);
  }
}
