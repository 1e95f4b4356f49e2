/*
 * node.exe runs this file before the application's script, as it runs iisnode's interceptor.js. The
 * file removes itself from process.argv, sends stdout and stderr to log files, and loads the
 * script. The application's own node runs the file, so the file has to run on node 10.
 */
import fs from 'fs';
import path from 'path';

const script = process.argv[2]!;
process.argv.splice(1, 1);
if (process.platform !== 'win32') process.env = anyCase(process.env);
if (process.env.IISNODE_LOGGINGENABLED === '1') logToFiles();
// eslint-disable-next-line @typescript-eslint/no-require-imports -- the name is an argument
require(script);

/** Finds variables of the environment by their names in any case of letters, as Windows does. */
function anyCase(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const nameOf = (target: NodeJS.ProcessEnv, name: string | symbol) => {
    if (typeof name === 'symbol' || name in target) return name as string;
    return Object.keys(target).find(one => one.toLowerCase() === name.toLowerCase()) || name;
  };
  return new Proxy(environment, {
    get: (target, name) => target[nameOf(target, name)],
    has: (target, name) => nameOf(target, name) in target,
    set: (target, name, value) => {
      target[nameOf(target, name)] = value as string;
      return true;
    },
    deleteProperty: (target, name) => delete target[nameOf(target, name)],
    getOwnPropertyDescriptor: (target, name) =>
      Object.getOwnPropertyDescriptor(target, nameOf(target, name)),
  });
}

function logToFiles(): void {
  const folder = path.resolve(path.dirname(script), process.env.IISNODE_LOGDIRECTORY || 'iisnode');
  // If the folder cannot be made, the process ends here, before the application is loaded.
  fs.mkdirSync(folder, { recursive: true });
  intercept(process.stdout, 'stdout', folder);
  intercept(process.stderr, 'stderr', folder);
  process.on('uncaughtException', error => {
    // If the application has a listener of its own, the application decides.
    if (process.listeners('uncaughtException').length > 1) return;
    const text = error instanceof Error ? error.stack : String(error);
    console.error(`Application has thrown an uncaught exception and is terminated:\n${text}`);
    process.exit(1);
  });
}

/**
 * Sends a stream to log files, as iisnode does. Each write opens, writes and closes the file before
 * it returns, and never calls the caller's callback.
 */
function intercept(stream: NodeJS.WriteStream, name: string, folder: string): void {
  const limit = Number(process.env.IISNODE_MAXLOGFILESIZEINKB || 128) * 1024;
  const prefix = `${process.env.COMPUTERNAME}-${process.pid}-${name}`;
  let file = '';
  let size = 0;
  const rollOver = () => {
    purge(folder);
    file = path.join(folder, `${prefix}-${Date.now()}.txt`);
    size = 0;
  };
  rollOver();
  const write = (data: string | Uint8Array, encoding?: unknown) => {
    const bytes = typeof data === 'string' ? encode(data, encoding) : data;
    if (size > limit) rollOver();
    const first = size === 0;
    const handle = fs.openSync(file, 'a');
    size += fs.writeSync(handle, bytes);
    fs.closeSync(handle);
    if (first) writeIndex(folder);
  };
  stream.write = stream.end = write as never;
}

/**
 * Encodes a text with Windows' line ends.
 * @param encoding the second argument of a write: an encoding, a callback or nothing
 */
function encode(text: string, encoding: unknown): Buffer {
  const lines = text.replace(/\n/g, '\r\n');
  return Buffer.from(lines, typeof encoding === 'string' ? encoding as BufferEncoding : 'utf8');
}

/**
 * Deletes the oldest files of the folder, of any kind, until their number and size are within the
 * limits. Another process may delete files at the same time.
 */
function purge(folder: string): void {
  const files = fs.readdirSync(folder)
    .filter(name => name !== 'index.html')
    .map(name => look(folder, name))
    .filter((one): one is Seen => one !== null)
    .sort((a, b) => a.changed - b.changed);
  let total = files.reduce((sum, { size }) => sum + size, 0);
  let count = files.length;
  const mostBytes = Number(process.env.IISNODE_MAXTOTALLOGFILESIZEINKB || 1024) * 1024;
  const mostFiles = Number(process.env.IISNODE_MAXLOGFILES) || 20;
  for (const { name, size } of files) {
    if (total <= mostBytes && count <= mostFiles) return;
    try {
      fs.unlinkSync(path.join(folder, name));
      total -= size;
      count -= 1;
    } catch {
      // The file is in use, or another process has deleted it.
    }
  }
}

interface Seen {
  name: string;
  size: number;
  changed: number;
}

/** @returns null for a folder, and for a file that is not there any more */
function look(folder: string, name: string): Seen | null {
  try {
    const stat = fs.statSync(path.join(folder, name));
    return stat.isFile() ? { name, size: stat.size, changed: stat.mtimeMs } : null;
  } catch {
    return null;
  }
}

/** Writes index.html, which lists the log files. IIS serves it like any file of the folder. */
function writeIndex(folder: string): void {
  const files = fs.readdirSync(folder).filter(name => /-(stdout|stderr)-\d+\.txt$/.test(name));
  const links = files.map(name => `<p><a href="${name}">${name}</a></p>`).join('');
  const page = `<title>iisnode logs</title>${links}`;
  try {
    fs.writeFileSync(path.join(folder, 'index.html'), page);
  } catch {
    // Another process writes index.html at this moment.
  }
}
