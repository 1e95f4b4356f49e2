/* A site of IIS with one application: the way of a request through the modules, in their order. */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { IisVersion, readSiteConfig, SiteConfig, WebConfigError } from './config';
import { configErrorPage, escapeHtml } from './errors';
import { findFile, isDirectory, isFile, sendFile } from './files';
import { refusal } from './filtering';
import { mapHandler, Mapping } from './handlers';
import { Iisnode } from './iisnode';
import { commonHeaders, headerText, ResponseRules, sendAnswer, sendError, sendPage } from './respond';
import type { NodeExe } from './system';
import { headerUrl, parseUrl, Place, resolveDots, serverVariable, Visit } from './visit';

export interface SiteOptions {
  folder: string;
  /** '/' or '/app'. */
  app: string;
  iis: IisVersion;
  node: NodeExe;
  /** Whether to answer as if the client were the server itself. */
  local: boolean;
  /** Whether the dynamic compression role is installed. */
  dynamicCompression: boolean;
  /** appConcurrentRequestLimit: requests at a time, waiting polls among them. */
  concurrentRequestLimit: number;
  log: (line: string) => void;
}

const NO_CONFIG = { customHeaders: new Map<string, string>(), httpErrors: { existingResponse: 'Auto', errorMode: 'DetailedLocalOnly', errors: [] }, dynamicCompression: false };

export class Site {
  readonly iisnode: Iisnode;
  readonly #place: Place;
  #config: SiteConfig | WebConfigError;
  #stamp: string;
  #active = 0;
  #said = '';

  constructor(private readonly options: SiteOptions) {
    const base = options.app === '/' ? '/' : `${options.app}/`;
    this.#place = { folder: options.folder, base, physicalPath: url => findFile(options.folder, url.slice(base.length)) };
    this.#stamp = this.#configStamp();
    this.#config = this.#readConfig();
    this.iisnode = new Iisnode(this.#iisnodeConfig(), options.node, options.log);
    this.#checkIisnode();
  }

  /** Carries a request through. */
  async handle(visit: Visit): Promise<void> {
    const { req } = visit;
    const server = `Microsoft-IIS/${this.options.iis}`;
    const plain: ResponseRules = { config: NO_CONFIG, local: this.options.local, folder: this.options.folder, server };
    const url = parseUrl(visit.rawUrl);
    if (!url || req.headers.host === undefined) return sendError(visit, plain, 400, 0);
    if (['POST', 'PUT'].includes(req.method!) && req.headers['content-length'] === undefined && req.headers['transfer-encoding'] === undefined) {
      return sendError(visit, plain, 411, 0);
    }
    Object.assign(visit, { path: url.path, query: url.query });
    if (!`${visit.path}/`.toLowerCase().startsWith(this.#place.base.toLowerCase())) {
      return sendError(visit, { ...plain, local: true }, 404, 0, `nothing but ${this.options.app}/ is on this site`);
    }

    this.#refresh();
    const config = this.#config;
    if (config instanceof WebConfigError) {
      visit.trace.push('500.19', config.message);
      const always = { ...NO_CONFIG, httpErrors: { ...NO_CONFIG.httpErrors, existingResponse: 'PassThrough' } };
      return sendPage(visit, { ...plain, config: always }, 500, [], configErrorPage(config.file, config.problem));
    }
    const dynamicCompression = config.dynamicCompression && this.options.dynamicCompression;
    const rules: ResponseRules = { ...plain, config: { ...config, dynamicCompression } };
    if (this.#active >= this.options.concurrentRequestLimit) return sendError(visit, rules, 503, 2, 'appConcurrentRequestLimit');
    this.#active++;
    // A request counts until it is answered, whether or not the client still waits.
    try {
      await this.#run(visit, config, rules, url.rawPath);
    } finally {
      this.#active--;
    }
  }

  async #run(visit: Visit, config: SiteConfig, rules: ResponseRules, rawPath: string): Promise<void> {
    const filter = (raw: string) => {
      const { path: url, query, req: { method, headers } } = visit;
      return refusal({ method: method!, rawPath: raw, path: url, query, headers }, config.filtering);
    };
    const refused = filter(rawPath);
    if (refused !== null) return sendError(visit, rules, 404, refused);
    if (!this.#rewrite(visit, config, rules)) return;
    // Request filtering sees what a rule has made of the URL as well.
    const again = visit.originalUrl === undefined ? null : filter(encodeURI(visit.path));
    if (again !== null) return sendError(visit, rules, 404, again, `the rewritten URL ${visit.path}`);
    await this.#execute(visit, config, rules);
  }

  /** @returns whether the request goes on to a handler */
  #rewrite(visit: Visit, config: SiteConfig, rules: ResponseRules): boolean {
    if (config.rewrite instanceof Error) {
      sendError(visit, rules, 500, 50, config.rewrite.message);
      return false;
    }
    const result = config.rewrite({
      path: visit.path, query: visit.query, base: this.#place.base, isFile, isDirectory,
      variable: (name, url, query) => serverVariable(visit, this.#place, name, url, query) ?? '',
    });
    visit.trace.push(result.rules.length > 0 ? `rule ${result.rules.map(name => `"${name}"`).join(', ')}` : 'no rule');
    switch (result.kind) {
      case 'pass': return true;
      case 'rewrite':
        visit.trace.push(`rewritten to ${result.path}${result.query && `?${result.query}`}`);
        return this.#rewriteTo(visit, rules, result.path, result.query);
      case 'redirect': {
        const location = headerUrl(result.url, visit.req.headers.host!);
        sendPage(visit, rules, result.status, ['Location', location], `<a href="${escapeHtml(location)}">here</a>`);
        return false;
      }
      case 'custom':
        if (result.status < 200 || result.status > 999) {
          sendError(visit, rules, 500, 50, `a CustomResponse with the status ${result.status}`);
          return false;
        }
        visit.trace.push(`${result.status}.${result.substatus}`);
        sendAnswer(visit, rules, {
          status: result.status, reason: headerText(result.reason), headers: ['Content-Type', 'text/html'], body: Buffer.from(result.description),
        }, undefined, () => undefined);
        return false;
      case 'abort':
        visit.trace.push('aborted');
        visit.req.socket.destroy();
        return false;
      case 'proxy': sendError(visit, rules, 404, 4, `${result.url} is another server, and Application Request Routing is not installed`); return false;
      case 'error': sendError(visit, rules, 500, 50, result.message); return false;
    }
  }

  /** A rule may lead anywhere on the site, but there is nothing outside of this application. */
  #rewriteTo(visit: Visit, rules: ResponseRules, target: string, query: string): boolean {
    const to = resolveDots(target);
    if (to === null || !`${to}/`.toLowerCase().startsWith(this.#place.base.toLowerCase())) {
      sendError(visit, rules, 404, 0, `${target} is outside of ${this.#place.base}`);
      return false;
    }
    visit.originalUrl = visit.rawUrl;
    Object.assign(visit, { path: to, query });
    return true;
  }

  async #execute(visit: Visit, config: SiteConfig, rules: ResponseRules): Promise<void> {
    const mapping = mapHandler(config.handlers, visit.path.slice(this.#place.base.length), visit.req.method!, this.#place.folder);
    if (Array.isArray(mapping)) return sendError(visit, rules, mapping[0], mapping[1], 'no handler takes it');
    const { handler } = mapping;
    visit.trace.push(`handler ${handler.name}`);
    if (handler.modules === 'iisnode') return this.#runNode(visit, rules, config, mapping);
    if (/StaticFileModule|DefaultDocumentModule/.test(handler.modules)) return this.#runStatic(visit, config, rules);
    if (handler.modules === 'ProtocolSupportModule') return sendPage(visit, rules, 200, ['Allow', 'OPTIONS, TRACE, GET, HEAD, POST', 'Public', 'OPTIONS, TRACE, GET, HEAD, POST'], '');
    sendError(visit, rules, 500, 21, `handler "${handler.name}" has a module that is not installed: ${handler.modules}`);
  }

  async #runStatic(visit: Visit, config: SiteConfig, rules: ResponseRules): Promise<void> {
    const file = this.#place.physicalPath(visit.path);
    if (isDirectory(file)) {
      if (!visit.path.endsWith('/')) return sendPage(visit, rules, 301, ['Location', `http://${visit.req.headers.host}${encodeURI(visit.path)}/`], '');
      const name = config.defaultDocuments.find(one => isFile(path.join(file, one)));
      if (name === undefined) return sendError(visit, rules, 403, 14);
      visit.path += name;
      visit.trace.push(`default document ${name}`);
      return this.#execute(visit, config, rules);
    }
    if (!isFile(file)) return sendError(visit, rules, 404, 0, file);
    if (!['GET', 'HEAD'].includes(visit.req.method!)) return sendError(visit, rules, 405, 0);
    const mimeType = config.mimeTypes.get(path.extname(file).toLowerCase());
    if (mimeType === undefined) return sendError(visit, rules, 404, 3, path.extname(file));
    visit.trace.push(`file ${file}`);
    const headers = commonHeaders(rules);
    for (let at = 0; at < headers.length; at += 2) visit.res.setHeader(headers[at]!, headers[at + 1]!);
    await sendFile(visit, file, mimeType);
    visit.trace.push(String(visit.res.statusCode));
  }

  async #runNode(visit: Visit, rules: ResponseRules, config: SiteConfig, { file, pathInfo }: Mapping): Promise<void> {
    const { req, originalUrl } = visit;
    if (visit.upgrade && (this.options.iis === '7.5' || config.webSocketEnabled)) {
      return sendError(visit, rules, 501, 0, this.options.iis === '7.5' ? 'IIS 7.5 has no WebSockets' : '<webSocket enabled="false" /> would leave it to node');
    }
    const url = originalUrl ?? (req.headers['x-original-url'] as string | undefined) ?? visit.rawUrl;
    const outcome = await this.iisnode.dispatch(file, pathInfo, this.options.local, {
      req, url, originalUrl, client: serverVariable(visit, this.#place, 'REMOTE_ADDR')!, upgrade: visit.upgrade !== undefined,
      serverVariable: name => serverVariable(visit, this.#place, name),
    });
    if ('pid' in outcome && outcome.pid) visit.trace.push(`process ${outcome.pid}`);
    if (outcome.kind === 'page') visit.trace.push(`a page of iisnode's: ${outcome.cause}`);
    if ('cause' in outcome) this.#say(`${req.method} ${visit.rawUrl}`, `${outcome.kind === 'page' ? 'a page of iisnode\'s' : `${outcome.status}.${outcome.substatus}`}: ${outcome.cause}`);
    switch (outcome.kind) {
      case 'answer': return sendAnswer(visit, rules, outcome.answer, outcome.cookie, outcome.done);
      case 'page': return sendPage(visit, rules, 200, ['Cache-Control', 'no-cache'], outcome.html);
      case 'redirect': return sendPage(visit, rules, 301, ['Location', `http://${req.headers.host}${outcome.url}`], '');
      case 'error': return sendError(visit, rules, outcome.status, outcome.substatus, outcome.cause);
    }
  }

  /** Says why a request was not carried out, but not again and again for each that follows. */
  #say(request: string, reason: string): void {
    if (reason !== this.#said) this.options.log(`${request}: ${reason}`);
    this.#said = reason;
  }

  #readConfig(): SiteConfig | WebConfigError {
    try {
      const config = readSiteConfig(this.options.folder, this.options.iis);
      for (const name of config.notCarriedOut) this.options.log(`web.config has ${name}, which the stand-in does not carry out`);
      if (config.rewrite instanceof Error) this.options.log(`500.50 for every request: ${config.rewrite.message}`);
      return config;
    } catch (error) {
      if (!(error instanceof WebConfigError)) throw error;
      this.options.log(`500.19 for every request: ${error.message}`);
      return error;
    }
  }

  #iisnodeConfig() {
    const config = this.#config;
    if (config instanceof WebConfigError) return { attributes: {}, appSettings: [] };
    return { attributes: config.iisnode, appSettings: config.appSettings };
  }

  /** A changed web.config holds for the next request. */
  #refresh(): void {
    const stamp = this.#configStamp();
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    this.#config = this.#readConfig();
    this.iisnode.configure(this.#iisnodeConfig());
    this.#checkIisnode();
  }

  #checkIisnode(): void {
    if (this.#config instanceof WebConfigError) return;
    for (const { modules, path: name } of this.#config.handlers) {
      const script = findFile(this.options.folder, name);
      if (modules === 'iisnode' && isFile(script)) this.iisnode.check(script);
    }
  }

  #configStamp(): string {
    const file = path.join(this.options.folder, 'web.config');
    const stat = existsSync(file) ? statSync(file) : null;
    return stat ? `${stat.mtimeMs} ${stat.size}` : '';
  }
}
