/*
 * Runs one node.exe of an application. iisnode starts the process, connects to it through a pipe,
 * and keeps idle connections in a pool.
 */
import { ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IisnodeSettings } from './settings';
import type { Status } from './statuses';
import { newPipeName, NodeExe, removePipe } from './system';

/** The error of iisnode's own failure: HTTP status and sub-status, and Windows' error number. */
export class IisnodeError extends Error {
  constructor(readonly code: Status, readonly hresult: number, message: string) {
    super(message);
  }
}

export interface ProcessOptions {
  script: string;
  settings: IisnodeSettings;
  /** The entries of <appSettings> in web.config, in order. */
  appSettings: [key: string, value: string][];
  /** The node.exe to run if `nodeProcessCommandLine` is iisnode's default. */
  node: NodeExe;
  /** The pipe of recycleSignalEnabled. */
  controlPipe?: string;
}

/** The part of stderr that the log shows of a process that does not start: characters, lines. */
const LAST_CHARACTERS = 8192;
const LAST_LINES = 25;

/** iisnode's own error number if it does not find node.exe. */
export const UNABLE_TO_START = 1028;

/** The release of iisnode that the stand-in imitates. */
export const IISNODE_VERSION = '0.2.26';

// The variables that a worker process of IIS has in its environment, and that node uses.
const SYSTEM = [
  'PATH', 'Path', 'HOME', 'LANG', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'SystemDrive', 'windir',
  'ProgramFiles',
];

export class NodeProcess {
  /** The number of requests that the process has not answered yet, waiting polls among them. */
  active = 0;
  exited = false;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #pipe: string;
  readonly #open: NodeExe['open'];
  readonly #settings: IisnodeSettings;
  readonly #logs: string;
  #stderr = '';
  #listened = false;
  #ending = false;
  readonly #pool: { socket: net.Socket; since: number }[] = [];
  readonly #ended: Promise<void>;

  /** @throws IisnodeError if node.exe cannot be started */
  static async start(options: ProcessOptions): Promise<NodeProcess> {
    const { node, script } = options;
    const pipe = newPipeName(node.windows);
    const [command, ...first] = commandLine(options);
    const child = spawn(command!, [...first, node.file(script)], {
      cwd: path.dirname(script),
      env: environment(options, pipe),
      // The interceptor writes the log files. Under iisnode, output that does not go through the
      // interceptor is lost; here lastOutput shows it. Windows' node.exe in wine fails if stderr is
      // a pipe.
      stdio: ['ignore', 'ignore', node.windows ? 'ignore' : 'pipe'],
      windowsHide: true,
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve).once('error', (error: NodeJS.ErrnoException) => {
        const code = error.code === 'ENOENT' ? UNABLE_TO_START : 5;
        const why = `node.exe cannot be started: ${error.message}`;
        reject(new IisnodeError('500.1000', code, why));
      });
    });
    return new NodeProcess(child, pipe, options);
  }

  private constructor(
    child: ChildProcess, pipe: string, { node, settings, script }: ProcessOptions,
  ) {
    this.#child = child;
    this.#pipe = pipe;
    this.#open = node.open;
    this.#settings = settings;
    this.#logs = path.resolve(path.dirname(script), settings.logDirectory.replaceAll('\\', '/'));
    this.pid = child.pid!;
    child.stderr?.on('data', data => {
      this.#stderr = (this.#stderr + String(data)).slice(-LAST_CHARACTERS);
    });
    this.#ended = new Promise(resolve => child.once('exit', () => {
      this.exited = true;
      removePipe(pipe);
      resolve();
    }));
  }

  /** Calls a listener when the process has ended by itself, or was terminated. */
  onExit(listener: () => void): void {
    this.#child.once('exit', listener);
  }

  /** Calls a listener when the process has ended and all of its output has been read. */
  onClose(listener: () => void): void {
    this.#child.once('close', listener);
  }

  /** Says whether the process ended by itself before it listened. */
  get failedToStart(): boolean {
    return this.exited && !this.#listened && !this.#ending;
  }

  /** @returns the last lines that the process wrote to stderr, and their log file, if any */
  lastOutput(): { lines: string[]; file?: string } {
    const file = stderrLog(this.#logs, this.pid);
    const text = file ? readFileSync(file, 'utf8') : this.#stderr;
    const lines = text.trim().split(/\r?\n/).filter(line => line !== '');
    return { file, lines: lines.slice(-LAST_LINES) };
  }

  /** Ends the process as Windows' TerminateProcess does. The process cannot handle this signal. */
  async terminate(): Promise<void> {
    this.#ending = true;
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** Waits until no request is under way, or for `timeout` ms, and then ends the process. */
  async drain(timeout: number): Promise<void> {
    const end = Date.now() + timeout;
    while (this.active > 0 && !this.exited && Date.now() < end) await sleep(Math.min(25, timeout));
    if (!this.exited) await this.terminate();
  }

  /**
   * Connects to the process. While the process starts, connect tries again and again.
   * @param mayBePooled whether the connection may come from the pool
   * @throws IisnodeError 500.1002 if the process ends first, 500.1001 after
   *   maxNamedPipeConnectionRetry tries
   */
  async connect(mayBePooled: boolean): Promise<{ socket: net.Socket; pooled: boolean }> {
    const socket = mayBePooled ? this.#takePooled() : undefined;
    if (socket) return { socket, pooled: true };
    for (let retry = 0; ; retry++) {
      try {
        const fresh = await this.#open(this.#pipe);
        // node removes its own listener at the end of an answer. A write that is still under way
        // can fail after that, and an error without a listener would end the stand-in.
        fresh.on('error', () => undefined);
        this.#listened = true;
        return { socket: fresh, pooled: false };
      } catch {
        if (retry >= this.#settings.maxNamedPipeConnectionRetry) {
          const why = `process ${this.pid} runs, but does not listen on process.env.PORT ` +
            `(${retry} retries)`;
          throw new IisnodeError('500.1001', 2, why);
        }
        if (this.exited) {
          const why = `process ${this.pid} ended before it listened${this.#where()}`;
          throw new IisnodeError('500.1002', 2, why);
        }
      }
      await sleep(this.#settings.namedPipeConnectionRetryDelay);
    }
  }

  #where(): string {
    return this.#settings.loggingEnabled ? `: its log in ${this.#logs} may say why` : '';
  }

  /** Puts a connection into the pool, for the next request. */
  release(socket: net.Socket): void {
    if (this.#pool.length >= this.#settings.maxNamedPipeConnectionPoolSize) socket.destroy();
    else this.#pool.push({ socket, since: Date.now() });
  }

  #takePooled(): net.Socket | undefined {
    for (let last = this.#pool.pop(); last; last = this.#pool.pop()) {
      const { socket, since } = last;
      // node may have closed the connection a moment ago. exchange() in bridge.ts notices that when
      // it writes the headers, and asks for a new connection.
      const isYoung = Date.now() - since < this.#settings.maxNamedPipePooledConnectionAge;
      if (isYoung && !socket.destroyed && socket.writable) return socket;
      socket.destroy();
    }
    return undefined;
  }
}

/** @returns the newest log file of a process's stderr; undefined if there is none */
export function stderrLog(folder: string, pid: number): string | undefined {
  if (!existsSync(folder)) return undefined;
  const names = readdirSync(folder).filter(file => file.includes(`-${pid}-stderr-`)).sort();
  return names.length > 0 ? path.join(folder, names.at(-1)!) : undefined;
}

/** Makes the command line up to the script: node.exe with its arguments, and the interceptor. */
function commandLine({ settings, node, script }: ProcessOptions): string[] {
  const words = (text: string) => {
    return Array.from(text.matchAll(/"([^"]*)"|(\S+)/g), word => word[1] ?? word[2]!);
  };
  // iisnode's default means the installed node.exe. Settings often name the usual path of that
  // file, which means the same.
  const own = /^(%programfiles(\(x86\))?%\\nodejs\\node\.exe|([a-z]:\\.*\\)?node(\.exe)?)$/i;
  const given = words(settings.nodeProcessCommandLine);
  const command = own.test(given[0] ?? '') ? [...node.command, ...given.slice(1)] : given;
  if (command[0]?.startsWith('.')) command[0] = path.resolve(path.dirname(script), command[0]);
  const isOurs = settings.interceptor === '' ||
    /iisnode\\interceptor\.js"?$/i.test(settings.interceptor.trim());
  const interceptor = isOurs
    ? [node.file(path.join(__dirname, 'interceptor.js'))]
    : words(settings.interceptor);
  return [...command, ...interceptor];
}

/**
 * Makes the environment of node.exe. Windows ignores the case of names. If a name is there twice,
 * the first value counts. The order is: the system's variables, iisnode's variables, <appSettings>.
 */
function environment(
  { settings, appSettings, controlPipe, node }: ProcessOptions, pipe: string,
): NodeJS.ProcessEnv {
  const entries: [string, string][] = [
    ...Object.entries(node.env),
    ...SYSTEM.flatMap((name): [string, string][] => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
    ['COMPUTERNAME', process.env.COMPUTERNAME ?? hostname()],
    ['PORT', pipe],
    ['IISNODE_VERSION', IISNODE_VERSION],
    ...(controlPipe ? [['IISNODE_CONTROL_PIPE', controlPipe] as [string, string]] : []),
    // iisnode sets this variable since 0.2.21. Older releases need an entry in <appSettings>.
    ['NODE_PENDING_PIPE_INSTANCES', '5000'],
    ...appSettings.filter(([key]) => key !== ''),
  ];
  if (settings.node_env !== '' && settings.node_env !== '%node_env%') {
    entries.push(['NODE_ENV', settings.node_env]);
  }
  if (settings.loggingEnabled) {
    const { logDirectory } = settings;
    entries.push(
      ['IISNODE_LOGGINGENABLED', '1'],
      // Backslashes divide a path on Windows only.
      ['IISNODE_LOGDIRECTORY', node.windows ? logDirectory : logDirectory.replaceAll('\\', '/')],
      ['IISNODE_MAXTOTALLOGFILESIZEINKB', String(settings.maxTotalLogFileSizeInKB)],
      ['IISNODE_MAXLOGFILESIZEINKB', String(settings.maxLogFileSizeInKB)],
      ['IISNODE_MAXLOGFILES', String(settings.maxLogFiles)],
    );
  }
  const first = new Map<string, [string, string]>();
  for (const entry of entries) {
    const name = entry[0].toLowerCase();
    if (!first.has(name)) first.set(name, entry);
  }
  return Object.fromEntries(first.values());
}
