/*
 * One node.exe of an application, as iisnode starts it and talks to it: over a pipe, with
 * connections that are kept for reuse.
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

/** iisnode's own failure: an HTTP status and sub-status, and Windows' error number. */
export class IisnodeError extends Error {
  constructor(readonly code: Status, readonly hresult: number, message: string) {
    super(message);
  }
}

export interface ProcessOptions {
  script: string;
  settings: IisnodeSettings;
  /** web.config's, in order. */
  appSettings: [key: string, value: string][];
  /**
   * The node.exe that takes the place of `nodeProcessCommandLine` where that is iisnode's default.
   */
  node: NodeExe;
  /** The pipe of recycleSignalEnabled. */
  controlPipe?: string;
}

/** How much of what a process wrote is told when it does not start: characters, and lines. */
const LAST_WORDS = 8192;
const LAST_LINES = 25;

/** iisnode's own error number where it does not find node.exe. */
export const UNABLE_TO_START = 1028;

/** The release that the stand-in says it is. */
export const IISNODE_VERSION = '0.2.26';

// What a worker process of IIS has in its environment, of what matters to node.
const SYSTEM = [
  'PATH', 'Path', 'HOME', 'LANG', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'SystemDrive', 'windir',
  'ProgramFiles',
];

export class NodeProcess {
  /** How many requests it has been given and not answered. Waiting polls are among them. */
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
  readonly #kept: { socket: net.Socket; since: number }[] = [];
  readonly #ended: Promise<void>;

  /** @throws IisnodeError if node.exe cannot be started */
  static async start(options: ProcessOptions): Promise<NodeProcess> {
    const { node, script } = options;
    const pipe = newPipeName(node.windows);
    const [command, ...first] = commandLine(options);
    const child = spawn(command!, [...first, node.file(script)], {
      cwd: path.dirname(script),
      env: environment(options, pipe),
      // The interceptor writes the log files; what node writes without it is lost under iisnode.
      // Here
      // it is kept for lastWords. Windows' node.exe in wine fails at a pipe.
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
      this.#stderr = (this.#stderr + String(data)).slice(-LAST_WORDS);
    });
    this.#ended = new Promise(resolve => child.once('exit', () => {
      this.exited = true;
      removePipe(pipe);
      resolve();
    }));
  }

  /** Called when the process has ended by itself, or was ended. */
  onExit(listener: () => void): void {
    this.#child.once('exit', listener);
  }

  /** Called when, after its end, all that it wrote has been read. */
  onClose(listener: () => void): void {
    this.#child.once('close', listener);
  }

  /** Whether it ended by itself before it had listened. */
  get failedToStart(): boolean {
    return this.exited && !this.#listened && !this.#ending;
  }

  /** The last lines that it wrote to stderr, and the file that has them, where there is one. */
  lastWords(): { lines: string[]; file?: string } {
    const file = stderrLog(this.#logs, this.pid);
    const text = file ? readFileSync(file, 'utf8') : this.#stderr;
    const lines = text.trim().split(/\r?\n/).filter(line => line !== '');
    return { file, lines: lines.slice(-LAST_LINES) };
  }

  /** Ends it as TerminateProcess does: it gets no signal that it could handle. */
  async terminate(): Promise<void> {
    this.#ending = true;
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** Waits until no request is under way, or for `timeout` ms, and ends it. */
  async drain(timeout: number): Promise<void> {
    const end = Date.now() + timeout;
    while (this.active > 0 && !this.exited && Date.now() < end) await sleep(Math.min(25, timeout));
    if (!this.exited) await this.terminate();
  }

  /**
   * A connection to the process: one that was kept, or a new one, for which a process that is still
   * starting is tried again and again.
   * @throws IisnodeError 500.1002 if the process ends first, 500.1001 after
   * maxNamedPipeConnectionRetry tries
   */
  async connect(mayBeKept: boolean): Promise<{ socket: net.Socket; kept: boolean }> {
    const socket = mayBeKept ? this.#takeKept() : undefined;
    if (socket) return { socket, kept: true };
    for (let retry = 0; ; retry++) {
      try {
        const fresh = await this.#open(this.#pipe);
        // At the end of an answer node takes its own listener away, and a write that is still under
        // way can fail yet.
        fresh.on('error', () => undefined);
        this.#listened = true;
        return { socket: fresh, kept: false };
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

  /** Keeps a connection for the next request. */
  keep(socket: net.Socket): void {
    if (this.#kept.length >= this.#settings.maxNamedPipeConnectionPoolSize) socket.destroy();
    else this.#kept.push({ socket, since: Date.now() });
  }

  #takeKept(): net.Socket | undefined {
    for (let last = this.#kept.pop(); last; last = this.#kept.pop()) {
      const { socket, since } = last;
      // One that node has closed meanwhile is found out when it is written to, and replaced unseen.
      const isYoung = Date.now() - since < this.#settings.maxNamedPipePooledConnectionAge;
      if (isYoung && !socket.destroyed && socket.writable) return socket;
      socket.destroy();
    }
    return undefined;
  }
}

/** The newest file of what a process wrote to stderr. */
export function stderrLog(folder: string, pid: number): string | undefined {
  if (!existsSync(folder)) return undefined;
  const names = readdirSync(folder).filter(file => file.includes(`-${pid}-stderr-`)).sort();
  return names.length > 0 ? path.join(folder, names.at(-1)!) : undefined;
}

/** node.exe and the interceptor, which the script's path follows. */
function commandLine({ settings, node, script }: ProcessOptions): string[] {
  const words = (text: string) => {
    return Array.from(text.matchAll(/"([^"]*)"|(\S+)/g), word => word[1] ?? word[2]!);
  };
  // iisnode's default means the node.exe that is installed, and so does the path its installer is
  // often given.
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
 * The environment of node.exe. Windows does not tell names apart by their case, and of one that is
 * there twice it takes the first: the system's, then iisnode's, then appSettings'.
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
    // Of releases since 0.2.21; an appSettings entry is what older ones need.
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
