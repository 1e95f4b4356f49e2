/* Checks the health page: it says whether iisnode started the server, and which process answers. */
import { cures, onServer } from '../cures';
import { expectOk } from '../diagnosis';
import { Fault, fault, Outcome } from '../result';
import type { Target } from '../target';

interface Health {
  status: string;
  pid: number;
  node: string;
  iisnode: string | null;
  redis?: string;
}

/**
 * Requests the health page several times, each time as another visitor. The cookie of a sticky
 * session would lead the same visitor to the same process again.
 */
export async function health(target: Target): Promise<Outcome> {
  const seen: Health[] = [];
  for (let visitor = 0; visitor < 4; visitor += 1) {
    const browser = target.browser.another();
    const answer = await browser.ask(new URL('health', target.base)).finally(() => browser.close());
    await expectOk('health', answer, target);
    try {
      seen.push(JSON.parse(answer.text) as Health);
    } catch {
      const saw = `health: ${answer.headers['content-type']}, no JSON`;
      throw fault(saw, 'something else answers this URL', cures.health);
    }
  }
  const { status, node, iisnode, redis } = seen[0]!;
  const faults: Fault[] = [];
  if (status !== 'ok') {
    const saw = `health: status ${JSON.stringify(status)}`;
    faults.push(fault(saw, 'the server reports an error of its own', cures.health));
  }
  if (!iisnode) {
    const why = 'iisnode did not start this server';
    faults.push(fault('health: no version of iisnode', why, cures.handler));
  }
  if (isTooOld(node)) {
    const why = 'the server needs node 10.24 or later: nodejs.org/dist/v12.22.12 has the last '
      + 'long-term release for Windows 7 and Server 2008 R2';
    faults.push(fault(
      `health: node ${node}`, why, onServer('msiexec /i node-v12.22.12-x64.msi'),
      onServer('net stop was /y && net start w3svc'),
    ));
  }
  if (redis === 'gone') {
    const why = 'the processes do not reach the Redis of REDIS_URL, and each has its own clients';
    faults.push(fault('health: redis gone', why, onServer('redis-cli -u <REDIS_URL> ping')));
  }
  const pids = new Set(seen.map(one => one.pid));
  if (pids.size > 1 && redis === undefined) {
    const why = 'several processes answer, and do not share their clients';
    faults.push(fault(
      `${pids.size} processes answer`, why, cures.processes, cures.configOverrides));
  }
  const processes = pids.size > 1 ? `${pids.size} processes` : 'one process';
  return { saw: `node ${node}, iisnode ${iisnode ?? '–'}, ${processes}`, faults };
}

function isTooOld(version: string): boolean {
  const [, major = '10', minor = '24'] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) < 10 || (Number(major) === 10 && Number(minor) < 24);
}
