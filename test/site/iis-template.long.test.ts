/*
 * More tests of the template behind IIS: with more clients, without the template's setting for many
 * clients, and in Firefox.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serveAsIis } from '../support/iis';
import { until } from '../support/wait';
import { crowd, polls, QUIET, recycles } from './iis-template/cases';

test('2,000 clients poll at once, and each is served', t => polls(t, 2000));

test('with iisnode\'s default of 1,024 the next client gets a 503', async t => {
  const { port, trace } = await serveAsIis(t, [QUIET, ['iisnode.yml', /^maxConcurrentRequestsPerProcess/m, '# ']]);
  const { statuses } = await crowd(t, port, 1034);
  await until(() => statuses.length >= 10, '10 refusals');
  assert.deepEqual(statuses, Array(10).fill(503));
  assert.match(trace.at(-1)!, /503\.1002.*maxConcurrentRequestsPerProcess/);
});

test('firefox: pages that are open go on after a recycle', t => recycles(t, 'firefox'));
