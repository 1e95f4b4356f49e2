/*
 * Imitates the part of iisnode that manages processes. This part chooses a process for each
 * request, and it starts, replaces and ends processes.
 */
import { existsSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { Answer, Exchange, exchange } from './bridge';
import { debugHeader, Failure, failure, page } from './iisnode-errors';
import { IisnodeError, NodeProcess } from './process';
import {
  applyOverrides, IisnodeSettings, OverridesError, overridesWarnings, readSettings, SectionError,
} from './settings';
import { newPipeName, NodeExe } from './system';
import { Watcher, watchFiles } from './watch';

/** The configuration that iisnode reads for a script. */
export interface IisnodeConfig {
  /** The attributes of <iisnode>. */
  attributes: Record<string, string>;
  appSettings: [key: string, value: string][];
  /** The reason why <iisnode> cannot be read. */
  problem?: string;
  /** The reason why <appSettings> cannot be read. */
  appSettingsProblem?: string;
}

/** The result of a request. `done` must be called when the client has the answer, or has gone. */
export type Outcome =
  | { kind: 'answer'; answer: Answer; pid: number; cookie?: string; done: () => void }
  | { kind: 'redirect'; url: string }
  | Failure;

/** A script with its processes, which iisnode calls an application. */
interface Application {
  settings: IisnodeSettings;
  processes: (Promise<NodeProcess> | undefined)[];
  watcher: Watcher;
  /** Whether the next request replaces the application by a new one. */
  stale: boolean;
  /** The slot of the process that had the last request without a sticky session's cookie. */
  current: number;
}

// shutdownTimeLimit of the application pool: the longest time for which a worker process that is
// being replaced waits for its requests, ms.
const SHUTDOWN_TIME_LIMIT = 90000;

export class Iisnode {
  readonly #applications = new Map<string, Application>();
  readonly #settings = new Map<string, { settings: IisnodeSettings; stale: boolean }>();
  readonly #processes = new Set<NodeProcess>();
  readonly #draining = new Set<Promise<void>>();
  #control: { server: net.Server; name: string } | undefined;
  #requests = 0;

  /** @param node the node.exe to run */
  constructor(
    private readonly configOf: (script: string) => IisnodeConfig,
    private readonly node: NodeExe,
    private readonly log: (line: string) => void,
  ) {}

  /** @returns the ids of the live processes, the newest first */
  pids(): number[] {
    return Array.from(this.#processes).filter(one => !one.exited).map(one => one.pid).reverse();
  }

  /**
   * Forgets the settings, because a web.config has changed. The settings are read again, and the
   * next request to an application replaces its processes.
   */
  configure(): void {
    this.#settings.clear();
    for (const application of this.#applications.values()) application.stale = true;
  }

  /**
   * Recycles the worker process, overlapped: new requests go to new node processes, and the old
   * node processes finish their requests.
   */
  recycleWorker(): void {
    for (const [script, application] of this.#applications) {
      this.#retire(script, application, SHUTDOWN_TIME_LIMIT, 'the worker process is recycled');
    }
    this.#settings.clear();
    this.#control?.server.close();
    this.#control = undefined;
  }

  async close(): Promise<void> {
    this.#control?.server.close();
    for (const { watcher } of this.#applications.values()) watcher.close();
    const starting = Array.from(this.#applications.values())
      .flatMap(one => one.processes.flatMap(slot => slot ?? []));
    this.#applications.clear();
    await Promise.allSettled(starting);
    await Promise.all(Array.from(this.#processes, one => one.terminate()));
    await Promise.all(this.#draining);
  }

  /** Logs mistakes in the settings for a script, before there is a request. */
  check(script: string): void {
    try {
      const settings = this.#read(script);
      const { appSettingsProblem } = this.configOf(script);
      if (appSettingsProblem) this.log(`500.1000 for every request: ${appSettingsProblem}`);
      for (const warning of overridesWarnings(settings, script)) this.log(warning);
      if (settings.debuggingEnabled) {
        const at = `${path.basename(script)}/debug`;
        this.log(`debuggingEnabled: where a rule lets it pass, ${at} is a debugger for anyone`);
      }
      if (settings.devErrorsEnabled) {
        this.log('devErrorsEnabled: iisnode\'s own errors are pages with status 200');
      }
    } catch (error) {
      if (!(error instanceof OverridesError)) throw error;
      this.log(`500.1000 for every request: ${error.message}`);
    }
  }

  /**
   * Carries a request out.
   * @param script the physical path of the handler's file
   * @param pathInfo the part of the URL behind the script's path, such as '/debug/'
   * @param local whether to answer as if the client were on the server itself
   */
  async dispatch(
    script: string, pathInfo: string, local: boolean, request: Exchange,
  ): Promise<Outcome> {
    let settings: IisnodeSettings;
    try {
      settings = this.#settingsOf(script);
    } catch (error) {
      if (!(error instanceof OverridesError)) throw error;
      const cause = error.message;
      // A browser on the server itself gets a page with status 200, even without devErrorsEnabled.
      const file = error instanceof SectionError ? 'web.config' : 'iisnode.yml';
      const html = page(`iisnode was unable to read the configuration file ${file}`, cause);
      if (local) return { kind: 'page', html, cause };
      return { kind: 'error', code: '500.1000', cause };
    }
    const segment = `/${settings.debuggerPathSegment.toLowerCase()}`;
    const asksForDebugger = pathInfo.toLowerCase().startsWith(segment);
    const debug = settings.debuggingEnabled && asksForDebugger
      ? pathInfo.slice(segment.length)
      : undefined;
    if (debug === '') return { kind: 'redirect', url: `${request.url.split('?')[0]}/` };
    if (debug?.startsWith('/')) {
      const html = page('node-inspector', `the debugger of ${path.basename(script)}`);
      return { kind: 'page', html, cause: 'the debugger' };
    }

    let chosen: NodeProcess | undefined;
    try {
      const application = this.#application(script, settings);
      const { slot, cookie } = choose(application, request);
      const again = application.processes[slot] === undefined;
      const starting = application.processes[slot] ??= this.#start(application, slot, script);
      const started = await starting.catch((error: IisnodeError) => {
        throw again ? new IisnodeError('503.1002', error.hresult, error.message) : error;
      });
      if (started.active >= application.settings.maxConcurrentRequestsPerProcess) {
        const why = `process ${started.pid} has ${started.active} requests already ` +
          '(maxConcurrentRequestsPerProcess)';
        throw new IisnodeError('503.1002', 1816, why);
      }
      chosen = started;
      started.active++;
      this.#requests++;
      const since = Date.now();
      const answer = await exchange(request, started, settings);
      if (settings.debugHeaderEnabled) {
        answer.headers.push('iisnode-debug', debugHeader(settings, {
          worker_pid: process.pid, node_pid: started.pid,
          app_processes: application.processes.length, process_active_req: started.active,
          worker_total_req: this.#requests, req_time: Date.now() - since, hresult: 0,
        }));
      }
      let counted = true;
      const done = () => {
        if (counted) started.active--;
        counted = false;
      };
      return { kind: 'answer', answer, pid: started.pid, cookie, done };
    } catch (error) {
      if (chosen) chosen.active--;
      if (!(error instanceof IisnodeError)) throw error;
      return failure(error, script, settings, chosen?.pid);
    }
  }

  /** @throws OverridesError for an iisnode.yml or a section that cannot be read */
  #read(script: string): IisnodeSettings {
    const { attributes, problem } = this.configOf(script);
    if (problem) throw new SectionError(problem);
    return readSettings(attributes, script);
  }

  /**
   * Returns the settings for a script. They are read once, and again when web.config or a watched
   * iisnode.yml has changed.
   */
  #settingsOf(script: string): IisnodeSettings {
    const known = this.#settings.get(script);
    if (!known) {
      const settings = this.#read(script);
      this.#settings.set(script, { settings, stale: false });
      return settings;
    }
    const application = this.#applications.get(script);
    const seen = application?.watcher.look();
    if (application && seen?.changed) application.stale = true;
    if (seen?.overrides) known.stale = true;
    if (known.stale) {
      const settings = { ...known.settings };
      applyOverrides(settings, script);
      known.settings = settings;
      known.stale = false;
    }
    return known.settings;
  }

  #application(script: string, settings: IisnodeSettings): Application {
    const known = this.#applications.get(script);
    if (known && !known.stale) return known;
    if (known) {
      const { gracefulShutdownTimeout } = known.settings;
      const why = 'a watched file or web.config has changed';
      this.#retire(script, known, gracefulShutdownTimeout, why);
    }

    if (!existsSync(path.dirname(script))) {
      throw new IisnodeError('500.1000', 3, `there is no folder ${path.dirname(script)}`);
    }
    if (!existsSync(script)) throw new IisnodeError('404', 2, `there is no file ${script}`);
    if (settings.recycleSignalEnabled) this.#control ??= this.#listenForRecycle();
    let watcher: Watcher;
    try {
      watcher = watchFiles(script, settings.watchedFiles, settings.configOverrides);
    } catch (error) {
      throw new IisnodeError('500.1000', 123, (error as Error).message);
    }
    const application: Application = { settings, processes: [], watcher, stale: false, current: 0 };
    for (let slot = 0; slot < settings.nodeProcessCountPerApplication; slot++) {
      const starting = this.#start(application, slot, script);
      application.processes[slot] = starting;
      // If its process cannot be started, the application is dropped. The next request tries again.
      starting.catch(() => {
        if (this.#applications.get(script) !== application) return;
        application.watcher.close();
        this.#applications.delete(script);
      });
    }
    this.#applications.set(script, application);
    return application;
  }

  async #start(application: Application, slot: number, script: string): Promise<NodeProcess> {
    try {
      const { settings } = application;
      const { appSettings, appSettingsProblem } = this.configOf(script);
      // 0x800700b7 is Windows' ERROR_ALREADY_EXISTS as an HRESULT. CreateNodeEnvironment of iisnode
      // returns it, because it reads the section for each new process.
      if (appSettingsProblem) throw new IisnodeError('500.1000', 0x800700b7, appSettingsProblem);
      const started = await NodeProcess.start({
        script, settings, appSettings, node: this.node, controlPipe: this.#control?.name,
      });
      this.#processes.add(started);
      this.log(`process ${started.pid} started for ${script}`);
      started.onExit(() => {
        this.#processes.delete(started);
        this.log(`process ${started.pid} ended`);
        if (started.failedToStart) started.onClose(() => this.#logLastOutput(started));
        // The next request to this slot starts another process.
        application.processes[slot] = undefined;
      });
      return started;
    } catch (error) {
      application.processes[slot] = undefined;
      throw error;
    }
  }

  /** Logs the last output of a process that did not start, and the path of its log file. */
  #logLastOutput(process: NodeProcess): void {
    const { lines, file } = process.lastOutput();
    const wrote = lines.length > 0 ? 'its last output:' : 'it wrote nothing';
    this.log(`process ${process.pid} ended before it listened; ${wrote}`);
    for (const line of lines) this.log(`  | ${line}`);
    if (file) this.log(`its log: ${file}`);
  }

  /**
   * Takes an application out of use. New requests go to a new application. The processes of the old
   * application answer the requests that they have, and then they are ended.
   * @param timeout the longest time for these requests, ms
   */
  #retire(script: string, application: Application, timeout: number, why: string): void {
    this.#applications.delete(script);
    application.watcher.close();
    this.log(`recycle: ${why}`);
    for (const starting of application.processes) {
      if (!starting) continue;
      const drained = starting.then(one => one.drain(timeout), () => undefined)
        .finally(() => this.#draining.delete(drained));
      this.#draining.add(drained);
    }
  }

  /**
   * Listens at the pipe of recycleSignalEnabled. If an application writes "recycle" to the pipe,
   * the worker process is recycled.
   */
  #listenForRecycle(): { server: net.Server; name: string } {
    const name = newPipeName();
    const server = net.createServer(socket => {
      socket.on('error', () => undefined).once('data', data => {
        if (/^recycle$/i.test(String(data))) this.recycleWorker();
      });
    }).listen(name);
    server.unref();
    return { server, name };
  }
}

/**
 * Chooses the process for a request: the process that the cookie of a sticky session names, else
 * the next process in turn. Slots count from 0; the first request goes to slot 1.
 */
function choose(application: Application, { req }: Exchange): { slot: number; cookie?: string } {
  const { settings: { nodeProcessStickySessions }, processes: { length } } = application;
  const named = nodeProcessStickySessions
    ? /iisnode\.session\.cookie=(\d+)/.exec(req.headers.cookie ?? '')
    : null;
  if (named) return { slot: Number(named[1]) % length };
  application.current = (application.current + 1) % length;
  const { current: slot } = application;
  const cookie = nodeProcessStickySessions ? `iisnode.session.cookie=${slot}` : undefined;
  return { slot, cookie };
}
