/*
 * The oldest node that the server runs on. nodes.long.test.ts has the other versions, and a clone
 * of the template that an old node builds.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { root } from '../support/template';
import { runsOn, signsInOn } from './nodes/runs';

test('the server runs on node 10.24.1', t => runsOn(t, '10.24.1'));

test('middleware of Express runs on node 10.24.1', t => signsInOn(t, '10.24.1'));

test('no dependency runs a script when it is installed, or is out of support by its own word', () => {
  const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
    lockfileVersion: number; packages: Record<string, { hasInstallScript?: true; deprecated?: string; resolved?: string }>;
  };
  assert.equal(lock.lockfileVersion, 2);
  for (const [name, entry] of Object.entries(lock.packages)) {
    assert.equal(entry.hasInstallScript, undefined, name);
    assert.equal(entry.deprecated, undefined, name);
  }
});
