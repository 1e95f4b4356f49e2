/* The applications of a site. A request goes to the application that has its URL. */
import { sendError } from './respond';
import type { Site } from './site';
import { parseUrl } from './url';
import type { Visit } from './visit';

export class Sites {
  readonly all: Site[];

  /** @param below the applications below the main one */
  constructor(readonly main: Site, below: Site[]) {
    // If a URL begins with the paths of several applications, the longest path counts.
    this.all = [...below, main].sort((a, b) => b.base.length - a.base.length);
  }

  /** Finds the application that has a path. */
  of(url: string): Site | undefined {
    return this.all.find(site => site.holds(url));
  }

  /**
   * Passes a request to its application. If http.sys would refuse the request, or if no application
   * has the URL, this method answers by itself.
   */
  async handle(visit: Visit): Promise<void> {
    const { method, headers } = visit.req;
    const rules = this.main.plainRules();
    const url = parseUrl(visit.rawUrl);
    if (!url || headers.host === undefined) return sendError(visit, rules, '400');
    const length = headers['content-length'] ?? headers['transfer-encoding'];
    if (['POST', 'PUT'].includes(method!) && length === undefined) {
      return sendError(visit, rules, '411');
    }
    Object.assign(visit, { path: url.path, query: url.query });
    const site = this.of(url.path);
    if (site) return site.handle(visit, url.rawPath);
    const known = this.all.map(one => one.base).reverse().join(' and ');
    sendError(visit, { ...rules, local: true }, '404', `nothing but ${known} is on this site`);
  }
}
