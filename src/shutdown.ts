/* Ends the process in good order if somebody asks for its end. */
import type { Server } from 'http';
import type { Log } from './log';

/** The longest time that requests under way may take, ms. */
const LONGEST = 4000;

/**
 * Makes SIGTERM and SIGINT (Ctrl+C) end the process in good order. The server takes no new
 * connections, answers the waiting polls, and finishes the requests under way. The process ends
 * with exit code 0, after 4 s at the latest. A second signal ends it at once. IIS sends no signals:
 * there, iisnode ends a process that has been replaced.
 * @param endPolls answers the requests that wait
 */
export function exitOnSignal(server: Server, endPolls: () => void, log: Log): void {
  const stop = (signal: NodeJS.Signals) => {
    log.info(`${signal}: stopping`);
    server.close(() => process.exit(0));
    endPolls();
    setTimeout(() => process.exit(0), LONGEST);
    // Connections that are kept for reuse would hold the server open. node 18.2 and later can close
    // such connections.
    setInterval(() => server.closeIdleConnections && server.closeIdleConnections(), 50);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}
