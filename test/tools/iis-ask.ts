/* One question to a site of its own: a web.config, a request, and what the stand-in answers. */
import type http from 'node:http';
import type { TestContext } from 'node:test';
import type { IisOptions } from '../../tools/iis';
import { serve } from './iis-application';

export interface Ask {
  /** The content of <rewrite>, and what is beside it in <system.webServer>. */
  rewrite?: string;
  server?: string;
  /** Instead of both: the whole file. */
  config?: string;
  files?: Record<string, string>;
  /** From the application's folder, without a slash in front. */
  url?: string;
  request?: http.RequestOptions;
  options?: Partial<IisOptions>;
}

export interface Asked {
  status: number;
  reason: string;
  headers: http.IncomingHttpHeaders;
  text: string;
  /** The way of the request, with the sub-status, which IIS writes into its log. */
  trace: string;
  /** What the stand-in said on the console. */
  log: string;
}

/** A web.config of what is in <system.webServer>. */
export function site(server: string, rest = ''): string {
  return `<configuration>${rest}<system.webServer>${server}</system.webServer></configuration>`;
}

/** Serves the files at the root of a site, unless `options` say otherwise, and asks once. */
export async function ask(t: TestContext, { rewrite, server = '', config, files = {}, ...how }: Ask): Promise<Asked> {
  const own = config ?? site((rewrite ? `<rewrite>${rewrite}</rewrite>` : '') + server);
  const log: string[] = [];
  const options = { app: '/', log: (line: string) => { log.push(line); }, ...how.options };
  const { get, trace } = await serve(t, { ...files, 'web.config': own }, options);
  const answer = await get(how.url ?? '', how.request);
  return { ...answer, trace: trace(), log: log.join('\n') };
}

/** A rule that answers with a redirect to http://v/, whose query string is a string of rules. */
export function tell(text: string, inside = ''): string {
  return rule(`<match url=".*" />${inside}<action type="Redirect" url="http://v/?{UrlEncode:${text}}" appendQueryString="false" />`);
}

/** The string that `tell` has told. */
export function told({ headers, status }: Pick<Asked, 'headers' | 'status'>): string {
  if (status !== 301) throw new Error(`not told, but answered ${status}`);
  return decodeURIComponent(headers.location!.slice('http://v/?'.length));
}

export function rule(inside: string, attributes = '', name = 'one'): string {
  return `<rules><rule name="${name}" ${attributes}>${inside}</rule></rules>`;
}
