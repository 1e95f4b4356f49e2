import type { Server } from 'http';
import type { Log } from './log';

/**
 * Ends the process in good order on SIGTERM and SIGINT (Ctrl+C): no new connections, the waiting polls answered,
 * what is under way finished, exit code 0 after 4 s at the latest. A second signal ends it at once. IIS sends no
 * signals: there iisnode ends a process that has been replaced.
 * @param endPolls answers the requests that wait
 */
export function exitOnSignal(server: Server, endPolls: () => void, log: Log): void {
  const stop = (signal: NodeJS.Signals) => {
    log.info(`${signal}: stopping`);
    server.close(() => process.exit(0));
    endPolls();
    setTimeout(() => process.exit(0), 4000);
    // Connections that are kept for reuse would hold the server open. node 18.2 and later can close them.
    setInterval(() => server.closeIdleConnections && server.closeIdleConnections(), 50);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}
