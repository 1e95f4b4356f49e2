/*
 * What node.exe runs in front of the application's script, as iisnode's interceptor.js does: it takes itself out of process.argv, sends
 * stdout and stderr to log files, and loads the script. It runs under the application's node, down to 10: nothing newer here.
 */
import fs from 'fs';
import path from 'path';

const script = process.argv[2]!;
process.argv.splice(1, 1);
if (process.env.IISNODE_LOGGINGENABLED === '1') logToFiles();
// eslint-disable-next-line @typescript-eslint/no-require-imports -- it is a name that is known only now
require(script);

function logToFiles(): void {
  const folder = path.resolve(path.dirname(script), process.env.IISNODE_LOGDIRECTORY || 'iisnode');
  // Where the folder cannot be made the process ends here, before the application is loaded.
  fs.mkdirSync(folder, { recursive: true });
  intercept(process.stdout, 'stdout', folder);
  intercept(process.stderr, 'stderr', folder);
  process.on('uncaughtException', error => {
    // An application that handles these itself is left to it.
    if (process.listeners('uncaughtException').length > 1) return;
    console.error(`Application has thrown an uncaught exception and is terminated:\n${error instanceof Error ? error.stack : String(error)}`);
    process.exit(1);
  });
}

/** Each write opens, writes and closes the file, before it returns; a callback of the caller's is never called. */
function intercept(stream: NodeJS.WriteStream, name: string, folder: string): void {
  const limit = Number(process.env.IISNODE_MAXLOGFILESIZEINKB || 128) * 1024;
  let file = '';
  let size = 0;
  const rollOver = () => {
    purge(folder);
    file = path.join(folder, `${process.env.COMPUTERNAME}-${process.pid}-${name}-${Date.now()}.txt`);
    size = 0;
  };
  rollOver();
  const write = (data: string | Uint8Array, encoding?: unknown) => {
    const bytes = typeof data === 'string'
      ? Buffer.from(data.replace(/\n/g, '\r\n'), typeof encoding === 'string' ? encoding as BufferEncoding : 'utf8')
      : data;
    if (size > limit) rollOver();
    const first = size === 0;
    const handle = fs.openSync(file, 'a');
    size += fs.writeSync(handle, bytes);
    fs.closeSync(handle);
    if (first) writeIndex(folder);
  };
  stream.write = stream.end = write as never;
}

/** Deletes the oldest files of the folder, whatever they are, until their number and size are within the limits. */
function purge(folder: string): void {
  const files = fs.readdirSync(folder).filter(name => name !== 'index.html').map(name => ({ name, stat: fs.statSync(path.join(folder, name)) }))
    .filter(({ stat }) => stat.isFile()).sort((a, b) => a.stat.mtimeMs - b.stat.mtimeMs);
  let total = files.reduce((sum, { stat }) => sum + stat.size, 0);
  const mostBytes = Number(process.env.IISNODE_MAXTOTALLOGFILESIZEINKB || 1024) * 1024;
  const mostFiles = Number(process.env.IISNODE_MAXLOGFILES) || 20;
  while (files.length > 0 && (total > mostBytes || files.length > mostFiles)) {
    const oldest = files.shift()!;
    total -= oldest.stat.size;
    fs.unlinkSync(path.join(folder, oldest.name));
  }
}

/** The page that lists the log files. It is a file of the folder, and served where the folder is. */
function writeIndex(folder: string): void {
  const files = fs.readdirSync(folder).filter(name => /-(stdout|stderr)-\d+\.txt$/.test(name));
  fs.writeFileSync(path.join(folder, 'index.html'), `<title>iisnode logs</title>${files.map(name => `<p><a href="${name}">${name}</a></p>`).join('')}`);
}
