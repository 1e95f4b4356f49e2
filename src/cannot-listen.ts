/* The line for whoever started the server, if the server cannot listen at its port. */

const ANOTHER = 'set PORT to another one (in cmd: set PORT=3001, in PowerShell: $env:PORT=3001, '
  + 'elsewhere: export PORT=3001)';

/**
 * @param error what listening failed with
 * @param port a TCP port, or the path of a named pipe or Unix socket
 * @returns one line: what is wrong, and what can be done
 */
export function cannotListen(error: NodeJS.ErrnoException, port: number | string): string {
  const isPath = typeof port === 'string';
  const place = isPath ? port : `port ${port}`;
  const { code } = error;
  if (code === 'EADDRINUSE' && isPath) {
    return `PORT: ${place} exists already: stop the program that listens there. If there is none, `
      + 'delete the file';
  }
  if (code === 'EADDRINUSE') {
    return `PORT: ${place} is in use by another program: stop that program, or ${ANOTHER}`;
  }
  if (code === 'EACCES') {
    return `PORT: the system does not let this user listen on ${place}: ${ANOTHER}`;
  }
  return `PORT: the server cannot listen on ${place} (${code || error.message}): ${ANOTHER}`;
}
