/*
 * Twenty faults of a server ("bends"). Each makes the server answer in another way than preview.
 * One server has all bends of a list, because each bend of a list shows in other requests.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { allCases, Case } from '../../../tools/compare/cases';
import { compare, Compared } from '../../../tools/compare/compare';
import { IisOptions, startIis } from '../../../tools/iis';
import { appPath, deploy, Edit, edit } from '../../support/template';

export interface Bend {
  name: string;
  edits?: Edit[];
  options?: Partial<IisOptions>;
  /** Changes the folder, where edits do not suffice. */
  change?: (folder: string) => void;
  /** A request that shows the bend, by its name (nameOf), and the part of the answer that differs. */
  shows: [request: string, what: string];
}

/** Returns the name of a request: its method, its path, and the first header, if it has one. */
export function nameOf({ method, path: to, headers }: Case): string {
  return `${method} ${to}${headers.length > 0 ? `, ${headers[0]!}` : ''}`;
}

const FILTERING = '<requestFiltering>';
const header = (line: RegExp | string, to: string): Edit => ['web.config', line, to];

export const BENT: Record<string, Bend[]> = {
  'headers and files': [
    {
      name: 'no Content-Security-Policy', shows: ['GET ', 'content-security-policy'],
      edits: [header(/<add name="Content-Security-Policy"[^>]*>/, '')],
    },
    {
      name: 'another X-Frame-Options', shows: ['GET health', 'x-frame-options'],
      edits: [header('value="SAMEORIGIN"', 'value="DENY"')],
    },
    {
      name: 'no nosniff', shows: ['GET socket/socket.io.js', 'x-content-type-options'],
      edits: [header(/<add name="X-Content-Type-Options"[^>]*>/, '')],
    },
    {
      name: 'another Referrer-Policy', shows: ['GET none', 'referrer-policy'],
      edits: [header('value="same-origin"', 'value="no-referrer"')],
    },
    {
      name: 'one more header', shows: ['GET x.unknown', 'x-more'],
      edits: [['web.config', '<add name="Referrer-Policy"', '<add name="X-More" value="1" /><add name="Referrer-Policy"']],
    },
    {
      name: 'a page that has changed', shows: ['GET index.html', 'body'],
      edits: [['public/index.html', '</title>', ' changed</title>']],
    },
    {
      name: 'a file that is missing', shows: ['GET style.css', 'status'],
      change: folder => rmSync(path.join(folder, 'public', 'style.css')),
    },
  ],
  'request filtering': [
    {
      name: 'double escaping', shows: ['GET %252e', 'body'],
      edits: [['web.config', FILTERING, '<requestFiltering allowDoubleEscaping="true">']],
    },
    {
      name: 'an extension that is refused', shows: ['GET x.php', 'body'],
      edits: [['web.config', '<hiddenSegments>', '<fileExtensions><add fileExtension=".php" allowed="false" /></fileExtensions><hiddenSegments>']],
    },
    {
      name: 'a method that is refused', shows: ['PROPFIND health', 'body'],
      edits: [['web.config', '<hiddenSegments>', '<verbs><add verb="PROPFIND" allowed="false" /></verbs><hiddenSegments>']],
    },
    {
      name: 'a sequence that is refused', shows: ['GET xa..b', 'body'],
      edits: [['web.config', '<hiddenSegments>', '<denyUrlSequences><add sequence=".." /></denyUrlSequences><hiddenSegments>']],
    },
    {
      name: 'a segment that is not hidden', shows: ['GET App_Data/x', 'body'],
      edits: [['web.config', '<hiddenSegments>', '<hiddenSegments><remove segment="App_Data" />']],
    },
    {
      name: 'limits of the query and the URL', shows: [`GET health?${'x'.repeat(2000)}`, 'status'],
      edits: [['web.config', '<requestLimits ', '<requestLimits maxQueryString="1000" ']],
    },
    {
      name: 'a limit of the URL', shows: [`GET ${'x'.repeat(3900)}`, 'body'],
      edits: [['web.config', '<requestLimits ', '<requestLimits maxUrl="2000" ']],
    },
  ],
  'the server': [
    {
      name: 'larger bodies', shows: ['POST none, Content-Length: 2000000', 'status'],
      edits: [['web.config', 'maxAllowedContentLength="1048576"', 'maxAllowedContentLength="3000000"']],
    },
    {
      name: 'an origin that may connect', shows: ['GET socket/1/, Origin: https://other.example', 'status'],
      edits: [['web.config', '<clear />', '<clear /><add key="ALLOWED_ORIGINS" value="https://other.example" />']],
    },
    {
      name: 'texts of errors that IIS replaces', shows: ['GET none', 'body'],
      edits: [['web.config', 'existingResponse="PassThrough"', 'existingResponse="Replace"']],
    },
    {
      name: 'polls that IIS compresses', shows: ['GET socket/1/, Accept-Encoding: gzip', 'content-encoding'],
      edits: [['web.config', 'doDynamicCompression="false"', 'doDynamicCompression="true"']],
      options: { dynamicCompression: true },
    },
    {
      name: 'iisnode\'s header', shows: ['GET health', 'iisnode-debug'],
      edits: [['iisnode.yml', 'debugHeaderEnabled: false', 'debugHeaderEnabled: true']],
    },
    {
      name: 'polls that end sooner', shows: ['GET socket/1/xhr-polling/$SESSION', 'time'],
      edits: [['dist/app.js', 'function app(io) {', 'function app(io) { io.set(\'polling duration\', 1);']],
    },
    {
      name: 'a redirect', shows: ['GET none.html', 'status'],
      edits: [['web.config', '<rule name="socket"', `<rule name="away" stopProcessing="true"><match url="^none\\.html$" />
        <action type="Redirect" url="elsewhere" /></rule><rule name="socket"`]],
    },
  ],
};

/** Serves a copy of the template with bends. */
export async function serve(t: TestContext, bends: readonly Bend[]) {
  let stop = () => Promise.resolve();
  t.after(() => stop());
  const folder = deploy(t);
  for (const bend of bends) {
    for (const one of bend.edits ?? []) edit(folder, one);
    bend.change?.(folder);
  }
  const iis = await startIis({ folder, app: appPath, ...Object.assign({}, ...bends.map(({ options }) => options)) });
  stop = iis.close;
  return { folder, pids: iis.pids, side: { url: new URL(iis.url) } };
}

/** Compares a bent server with a server without bends. @param wanted says which requests to send */
export async function compareBent(
  t: TestContext, bends: readonly Bend[], wanted: (one: Case) => boolean = () => true,
): Promise<Compared[]> {
  const good = await serve(t, []);
  const bent = await serve(t, bends);
  return compare(bent.side, good.side, allCases(good.folder).filter(wanted));
}

/** Says whether compare has found a bend. */
export function isFound({ shows: [name, what] }: Bend, results: readonly Compared[]): boolean {
  return results.some(({ request, differences }) => nameOf(request) === name
    && differences.some(one => one.what === what));
}
