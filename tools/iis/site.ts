/* An application on a site of IIS. A request passes the modules in the same order as in IIS. */
import path from 'node:path';
import { Configuration, SiteConfig } from './config';
import { WebConfigError } from './config-error';
import { configErrorPage, escapeHtml } from './errors';
import { findFile, isDirectory, isFile, sendFile } from './files';
import { refusal } from './filtering';
import { mapHandler, Mapping } from './handlers';
import { Iisnode, IisnodeConfig } from './iisnode';
import type { Hierarchy, IisVersion } from './layers';
import { findMistakes, scriptsOf } from './mistakes';
import { OutputCache, profileOf } from './output-cache';
import {
  commonHeaders, headerText, ResponseRules, sendAnswer, sendError, sendPage,
} from './respond';
import type { RewriteResult } from './rewrite';
import { serverVariable } from './server-variables';
import type { NodeExe } from './system';
import type { Status } from './statuses';
import { escapePath, headerUrl, joinUrl, resolveDots } from './url';
import type { Place, Visit } from './visit';

export interface SiteOptions {
  folder: string;
  /** The application's path on the site: '/' or '/app'. */
  app: string;
  iis: IisVersion;
  /** The web.config files above, the site's root first, with the URLs of their folders. */
  parents: Hierarchy['parents'];
  node: NodeExe;
  /** Whether to answer as if the client were on the server itself. */
  local: boolean;
  /** Whether the dynamic compression role is installed. */
  dynamicCompression: boolean;
  /** appConcurrentRequestLimit: the number of requests at a time, waiting polls included. */
  concurrentRequestLimit: number;
  /** rewrite/allowedServerVariables of the server: the variables that rules may set. */
  allowedVariables: ReadonlySet<string>;
  log: (line: string) => void;
  /** Finds the application of the site that has a URL. */
  elsewhere: (path: string) => Site | undefined;
}

/** The settings in force if no configuration could be read. */
const NO_CONFIG = {
  allowKeepAlive: true,
  customHeaders: new Map<string, string>(),
  httpErrors: { existingResponse: 'Auto', errorMode: 'DetailedLocalOnly', errors: [] },
  dynamicCompression: false,
};
const ALLOW = 'OPTIONS, TRACE, GET, HEAD, POST';

export class Site {
  readonly iisnode: Iisnode;
  /** The application's URL, with a slash at the end. */
  readonly base: string;
  readonly #place: Place;
  readonly #configuration: Configuration;
  readonly #cache = new OutputCache();
  #active = 0;
  #lastReason = '';
  #hadMistake = false;
  /** The mistakes of the configuration that the log has since the last change of a file. */
  readonly #told = new Set<string>();

  constructor(private readonly options: SiteOptions) {
    const { folder, app, iis, parents } = options;
    const base = app === '/' ? '/' : `${app}/`;
    this.base = base;
    this.#place = {
      folder, base, iis,
      siteFolder: parents[0] ? path.dirname(parents[0].file) : folder,
      physicalPath: url => findFile(folder, url.slice(base.length)),
    };
    this.#configuration = new Configuration({ iis, folder, base, parents });
    this.iisnode = new Iisnode(script => this.#iisnodeConfig(script), options.node, options.log);
    this.#logProblems();
  }

  /** Says whether a path belongs to this application. */
  holds(url: string): boolean {
    return `${url}/`.toLowerCase().startsWith(this.base.toLowerCase());
  }

  /** Answers a request. */
  async handle(visit: Visit, rawPath: string): Promise<void> {
    if (this.#configuration.refresh()) {
      this.iisnode.configure();
      this.#cache.clear();
      this.#logProblems();
    }
    const config = this.#configuration.at(visit.path);
    if (config instanceof WebConfigError) return this.#refuseConfig(visit, config);
    const rules = this.#responseRules(config);
    if (this.#active >= this.options.concurrentRequestLimit) {
      return sendError(visit, rules, '503.2', 'appConcurrentRequestLimit');
    }
    this.#active++;
    // A request counts until it is answered, even if the client has gone.
    try {
      await this.#run(visit, config, rules, rawPath);
    } finally {
      this.#active--;
    }
  }

  /** Makes the rules for answers before any configuration has been read. */
  plainRules(): ResponseRules {
    const { local, folder, iis } = this.options;
    return { config: NO_CONFIG, local, folder, server: `Microsoft-IIS/${iis}` };
  }

  #responseRules(config: SiteConfig): ResponseRules {
    const dynamicCompression = config.dynamicCompression && this.options.dynamicCompression;
    return { ...this.plainRules(), config: { ...config, dynamicCompression } };
  }

  #refuseConfig(visit: Visit, { file, message, problem }: WebConfigError): void {
    visit.trace.push('500.19' satisfies Status, message);
    this.#tell(`500.19 for ${visit.path}`, message);
    const httpErrors = { ...NO_CONFIG.httpErrors, existingResponse: 'PassThrough' };
    const rules = { ...this.plainRules(), config: { ...NO_CONFIG, httpErrors } };
    sendPage(visit, rules, 500, [], configErrorPage(file, problem));
  }

  async #run(
    visit: Visit, config: SiteConfig, rules: ResponseRules, rawPath: string,
  ): Promise<void> {
    const filter = (raw: string, by: SiteConfig) => {
      const { path: url, query, req: { method, headers } } = visit;
      return refusal({ method: method!, rawPath: raw, path: url, query, headers }, by.filtering);
    };
    const refused = filter(rawPath, config);
    if (refused !== null) return sendError(visit, rules, `404.${refused}`);
    const { integratedMode } = config;
    if (integratedMode) {
      this.#tell(`${integratedMode.code} for ${visit.path}`, integratedMode.message);
      return sendError(visit, rules, integratedMode.code, integratedMode.message);
    }
    const moved = config.httpRedirect(visit.path, visit.query, this.base);
    if (moved) {
      visit.trace.push('httpRedirect');
      const location = headerUrl(moved.url, visit.req.headers.host!);
      return sendPage(visit, rules, moved.status, ['Location', location], '');
    }
    if (!this.#rewrite(visit, config, rules)) return;
    if (visit.originalUrl === undefined) return this.#execute(visit, config, rules);

    // The rewritten URL may have another configuration, and may belong to another application.
    const owner = this.options.elsewhere(visit.path) ?? this;
    const there = owner.#configuration.at(visit.path);
    if (there instanceof WebConfigError) return this.#refuseConfig(visit, there);
    const rulesThere = owner.#responseRules(there);
    // Request filtering checks the rewritten URL too.
    const again = filter(encodeURI(visit.path), there);
    if (again !== null) {
      return sendError(visit, rulesThere, `404.${again}`, `the rewritten URL ${visit.path}`);
    }
    await owner.#execute(visit, there, rulesThere);
  }

  /** @returns whether the request goes on to a handler */
  #rewrite(visit: Visit, config: SiteConfig, rules: ResponseRules): boolean {
    if (config.rewrite instanceof Error) {
      // IIS reads the rules once more when it sends the answer. The rules fail again, as outbound
      // rules, so the client gets the status for outbound rules: 500.52.
      this.#tell(`500.52 for ${visit.path}`, config.rewrite.message);
      sendError(visit, rules, '500.52', config.rewrite.message);
      return false;
    }
    const result = config.rewrite({
      path: visit.path, query: visit.query, base: this.base, isFile, isDirectory,
      variable: (name, url, query) => serverVariable(visit, this.#place, name, url, query) ?? '',
      allowedVariables: this.options.allowedVariables,
    });
    const named = result.rules.map(name => `"${name}"`).join(', ');
    visit.trace.push(named ? `rule ${named}` : 'no rule');
    for (const [name, value] of result.set ?? []) setVariable(visit, name, value);
    switch (result.kind) {
      case 'pass': return true;
      case 'rewrite':
        visit.trace.push(`rewritten to ${joinUrl(result.path, result.query)}`);
        return this.#rewriteTo(visit, rules, result.path, result.query);
      case 'redirect': {
        const location = headerUrl(result.url, visit.req.headers.host!);
        const page = `<a href="${escapeHtml(location)}">here</a>`;
        sendPage(visit, rules, result.status, ['Location', location], page);
        return false;
      }
      case 'custom':
        this.#answerCustom(visit, rules, result);
        return false;
      case 'abort':
        visit.trace.push('aborted');
        visit.req.socket.destroy();
        return false;
      case 'proxy': {
        const missing = 'Application Request Routing is not installed';
        sendError(visit, rules, '404.4', `${result.url} is another server, and ${missing}`);
        return false;
      }
      case 'error':
        sendError(visit, rules, '500.50', result.message);
        return false;
    }
  }

  #answerCustom(
    visit: Visit, rules: ResponseRules, result: RewriteResult & { kind: 'custom' },
  ): void {
    const { status, substatus, reason, description } = result;
    if (status < 200 || status > 999) {
      return sendError(visit, rules, '500.50', `a CustomResponse with the status ${status}`);
    }
    visit.trace.push(`${status}.${substatus}`);
    const headers = ['Content-Type', 'text/html'];
    const answer = {
      status,
      // The reason may have a line end from the URL, which would end the status line.
      reason: headerText(reason.replace(/[\r\n]/g, ' ')),
      headers,
      body: Buffer.from(description),
    };
    sendAnswer(visit, rules, answer, undefined, () => undefined);
  }

  /**
   * Changes the URL of a visit to the URL that a rule has made.
   * @returns whether the visit goes on. If no application of the stand-in has the new URL, the
   *   visit has its answer already
   */
  #rewriteTo(visit: Visit, rules: ResponseRules, target: string, query: string): boolean {
    const to = resolveDots(target);
    if (to === null || !(this.holds(to) || this.options.elsewhere(to))) {
      sendError(visit, rules, '404', `${target} is outside of ${this.base}`);
      return false;
    }
    visit.originalUrl = joinUrl(escapePath(visit.path), visit.query);
    Object.assign(visit, { path: to, query });
    return true;
  }

  async #execute(visit: Visit, config: SiteConfig, rules: ResponseRules): Promise<void> {
    const relative = visit.path.slice(this.base.length);
    const mapping = mapHandler(config.handlers, relative, visit.req.method!, this.#place.folder);
    if (typeof mapping === 'string') {
      return sendError(visit, rules, mapping, 'no handler takes it');
    }
    const { handler } = mapping;
    visit.trace.push(`handler ${handler.name}`);
    if (handler.modules === 'iisnode') return this.#runNode(visit, rules, config, mapping);
    if (/StaticFileModule|DefaultDocumentModule/.test(handler.modules)) {
      return this.#runStatic(visit, config, rules);
    }
    if (handler.modules === 'ProtocolSupportModule') {
      return sendPage(visit, rules, 200, ['Allow', ALLOW, 'Public', ALLOW], '');
    }
    const missing = `a module that is not installed: ${handler.modules}`;
    sendError(visit, rules, '500.21', `handler "${handler.name}" has ${missing}`);
  }

  async #runStatic(visit: Visit, config: SiteConfig, rules: ResponseRules): Promise<void> {
    const file = this.#place.physicalPath(visit.path);
    if (isDirectory(file)) {
      if (!visit.path.endsWith('/')) {
        const location = `http://${visit.req.headers.host}${encodeURI(visit.path)}/`;
        return sendPage(visit, rules, 301, ['Location', location], '');
      }
      const name = config.defaultDocuments.find(one => isFile(path.join(file, one)));
      if (name === undefined) return sendError(visit, rules, '403.14');
      visit.path += name;
      visit.trace.push(`default document ${name}`);
      return this.#execute(visit, config, rules);
    }
    if (!isFile(file)) return sendError(visit, rules, '404', file);
    if (!['GET', 'HEAD'].includes(visit.req.method!)) return sendError(visit, rules, '405');
    if (config.staticContentProblem) return this.#refuseConfig(visit, config.staticContentProblem);
    const mimeType = config.mimeTypes.get(path.extname(file).toLowerCase());
    if (mimeType === undefined) return sendError(visit, rules, '404.3', path.extname(file));
    visit.trace.push(`file ${file}`);
    const headers = commonHeaders(rules);
    for (let at = 0; at < headers.length; at += 2) {
      visit.res.setHeader(headers[at]!, headers[at + 1]!);
    }
    await sendFile(visit, file, mimeType);
    visit.trace.push(String(visit.res.statusCode));
  }

  async #runNode(
    visit: Visit, rules: ResponseRules, config: SiteConfig, { file, pathInfo }: Mapping,
  ): Promise<void> {
    const { req, originalUrl } = visit;
    const { iis } = this.options;
    const profile = profileOf(config.caching, visit, file);
    const cached = profile && this.#cache.find(visit, file, profile);
    if (cached) {
      visit.trace.push('from the cache of <caching>');
      return sendAnswer(visit, rules, cached, undefined, () => undefined);
    }
    if (visit.upgrade && (iis === '7.5' || config.webSocketEnabled)) {
      const why = iis === '7.5'
        ? 'IIS 7.5 has no WebSockets'
        : '<webSocket enabled="false" /> would leave it to node';
      return sendError(visit, rules, '501', why);
    }
    // If no rule has rewritten the URL, iisnode uses the URL that http.sys has decoded
    // (InitiateRequest in iisnode).
    const cooked = joinUrl(visit.path, visit.query);
    const url = originalUrl ?? (req.headers['x-original-url'] as string | undefined) ?? cooked;
    const outcome = await this.iisnode.dispatch(file, pathInfo, this.options.local, {
      req,
      url,
      originalUrl,
      client: serverVariable(visit, this.#place, 'REMOTE_ADDR')!,
      upgrade: visit.upgrade !== undefined,
      serverVariable: name => serverVariable(visit, this.#place, name),
    });
    if ('pid' in outcome && outcome.pid) visit.trace.push(`process ${outcome.pid}`);
    if (outcome.kind === 'page') visit.trace.push(`a page of iisnode's: ${outcome.cause}`);
    if ('cause' in outcome) {
      const answer = outcome.kind === 'page' ? 'a page of iisnode\'s' : outcome.code;
      this.#logFailure(`${req.method} ${visit.rawUrl}`, `${answer}: ${outcome.cause}`);
    }
    if (outcome.kind === 'answer') {
      const variable = (name: string) => serverVariable(visit, this.#place, name) ?? '';
      const unfit = config.outbound(outcome.answer.headers, variable);
      if (unfit) {
        outcome.answer.rest?.resume();
        outcome.done();
        return sendError(visit, rules, unfit.code, unfit.message);
      }
      if (profile) this.#cache.add(visit, file, profile, outcome.answer);
    }
    switch (outcome.kind) {
      case 'answer': return sendAnswer(visit, rules, outcome.answer, outcome.cookie, outcome.done);
      case 'page': return sendPage(visit, rules, 200, ['Cache-Control', 'no-cache'], outcome.html);
      case 'redirect': {
        const location = `http://${req.headers.host}${outcome.url}`;
        return sendPage(visit, rules, 301, ['Location', location], '');
      }
      case 'error':
        return sendError(visit, rules, outcome.code, outcome.cause);
    }
  }

  /**
   * Logs a mistake of the configuration once. The file of a folder below is read only for a URL in
   * that folder, so its mistakes are logged at such a request.
   */
  #tell(what: string, message: string): void {
    if (!this.#told.has(message)) this.options.log(`${what}: ${message}`);
    this.#told.add(message);
  }

  /** Logs the reason of a failure, but not again if the next request fails for the same reason. */
  #logFailure(request: string, reason: string): void {
    if (reason !== this.#lastReason) this.options.log(`${request}: ${reason}`);
    this.#lastReason = reason;
  }

  #iisnodeConfig(script: string): IisnodeConfig {
    const relative = path.relative(this.options.folder, script).replaceAll('\\', '/');
    const config = this.#configuration.at(this.base + relative);
    if (config instanceof WebConfigError) return { attributes: {}, appSettings: [] };
    const { iisnode: attributes, appSettings, iisnodeProblem, appSettingsProblem } = config;
    return { attributes, appSettings, problem: iisnodeProblem, appSettingsProblem };
  }

  /** Logs problems of the configuration, and settings that the stand-in does not support. */
  #logProblems(): void {
    const { log, folder } = this.options;
    const config = this.#configuration.at(this.base);
    this.#told.clear();
    const hadMistake = this.#hadMistake;
    this.#hadMistake = hasMistake(config);
    if (hadMistake && !this.#hadMistake) {
      log(`the web.config files of ${this.base} are read again, and have no mistake now`);
    }
    if (config instanceof WebConfigError) {
      this.#tell('500.19 for every request', config.message);
      return;
    }
    for (const name of config.unsupported) log(`preview does not support ${name}`);
    if (config.rewrite instanceof Error) {
      this.#tell('500.52 for every request', config.rewrite.message);
    }
    const { integratedMode, staticContentProblem } = config;
    if (staticContentProblem) {
      this.#tell('500.19 for every file that IIS itself serves', staticContentProblem.message);
    }
    if (integratedMode) {
      this.#tell(`${integratedMode.code} for every request`, integratedMode.message);
    }
    for (const name of scriptsOf(config)) {
      const script = findFile(folder, name);
      if (isFile(script)) this.iisnode.check(script);
    }
    for (const line of findMistakes(config, folder, this.base)) log(line);
  }
}

/** Says whether a web.config has a mistake for which IIS or a module of it answers with errors. */
function hasMistake(config: SiteConfig | WebConfigError): boolean {
  if (config instanceof WebConfigError) return true;
  return config.rewrite instanceof Error
    || config.integratedMode !== null
    || config.staticContentProblem !== undefined
    || config.iisnodeProblem !== undefined
    || config.appSettingsProblem !== undefined;
}

/** Sets a server variable. A variable that begins with HTTP_ sets a header of the request. */
function setVariable(visit: Visit, name: string, value: string): void {
  visit.variables = { ...visit.variables, [name]: value };
  if (!name.startsWith('HTTP_')) return;
  const header = name.slice('HTTP_'.length).replaceAll('_', '-').toLowerCase();
  const { req } = visit;
  const { rawHeaders } = req;
  const kept = rawHeaders.filter((_, at) => rawHeaders[at - at % 2]!.toLowerCase() !== header);
  req.rawHeaders = [...kept, header, value];
  req.headers[header] = value;
}
