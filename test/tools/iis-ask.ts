/*
 * Sends one request to a site with its own web.config, and returns the answer of the stand-in for
 * IIS.
 */
import type http from 'node:http';
import type { TestContext } from 'node:test';
import type { IisOptions } from '../../tools/iis';
import { serve } from './iis-application';

export interface Ask {
  /** The content of <rewrite>. */
  rewrite?: string;
  /** The elements beside <rewrite> in <system.webServer>. */
  server?: string;
  /** The whole web.config, in the place of `rewrite` and `server`. */
  config?: string;
  files?: Record<string, string>;
  /** The path from the application's folder, without a slash at the beginning. */
  url?: string;
  request?: http.RequestOptions;
  options?: Partial<IisOptions>;
}

export interface Asked {
  status: number;
  reason: string;
  headers: http.IncomingHttpHeaders;
  text: string;
  /**
   * The stand-in's line about the request. It has the sub-status, which IIS shows only in its log.
   */
  trace: string;
  /** The lines of the stand-in on the console. */
  log: string;
}

/** Makes a web.config. @param server the content of <system.webServer> */
export function site(server: string, rest = ''): string {
  return `<configuration>${rest}<system.webServer>${server}</system.webServer></configuration>`;
}

/**
 * Serves the files, and sends one request. The files are the root of a site, unless `options` has
 * another path.
 */
export async function ask(t: TestContext, { rewrite, server = '', config, files = {}, ...how }: Ask): Promise<Asked> {
  const own = config ?? site((rewrite ? `<rewrite>${rewrite}</rewrite>` : '') + server);
  const log: string[] = [];
  const options = { app: '/', log: (line: string) => { log.push(line); }, ...how.options };
  const { get, trace } = await serve(t, { ...files, 'web.config': own }, options);
  const answer = await get(how.url ?? '', how.request);
  return { ...answer, trace: trace(), log: log.join('\n') };
}

/**
 * Makes a rule that redirects to http://v/. The query string of this URL has the value of a string
 * with references.
 */
export function tell(text: string, inside = ''): string {
  return rule(`<match url=".*" />${inside}<action type="Redirect" url="http://v/?{UrlEncode:${text}}" appendQueryString="false" />`);
}

/** Returns the value that the answer of a `tell` rule has in its query string. */
export function told({ headers, status }: Pick<Asked, 'headers' | 'status'>): string {
  if (status !== 301) throw new Error(`not told, but answered ${status}`);
  return decodeURIComponent(headers.location!.slice('http://v/?'.length));
}

export function rule(inside: string, attributes = '', name = 'one'): string {
  return `<rules><rule name="${name}" ${attributes}>${inside}</rule></rules>`;
}
