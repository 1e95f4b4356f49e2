import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { startApplication } from '../../support/application';
import { ask, connect, next } from '../../support/client';
import { oldNode, run } from '../../support/fetched';
import { appPath, resource, root } from '../../support/template';

/** Checks that the server works on this version of node, and writes no warning. */
export async function runsOn(t: TestContext, version: string): Promise<void> {
  const node = oldNode(t, version);
  if (!node) return;
  const { origin, output, stop } = await startApplication(t, { node });
  assert(output().includes(`(node v${version}, `));
  assert.equal((await fetch(`${origin}${appPath}/`)).status, 200);
  const client = connect(t, origin);
  await next(client, 'connect');
  const response = next(client, 'response');
  assert.deepEqual(await ask(client, 'message', 'hello'), ['hello']);
  assert.deepEqual(await response, ['Got it!']);
  assert.equal(await stop(), 0);
  assert.doesNotMatch(output(), /warn|deprecat/i);
}

/**
 * A script that starts a server with middleware of Express, and makes one handshake. It writes the
 * user, the cookie and the answer.
 */
const SIGN_IN = `
const http = require('http');
const express = require('express');
const session = require('express-session');
const passport = new (require('passport').Passport)();
const { listen } = require('./dist/realtime');
const { readConfig } = require('./dist/config');
const { Trust } = require('./dist/iisnode');
const config = readConfig({});
const log = { error: console.error, warn: console.error, info() {}, debug() {} };
const server = http.createServer();
const realtime = listen(server, Object.assign({ trust: new Trust(config) }, config), log);
realtime.io.set('resource', config.resource);
realtime.io.use(session({ secret: 's', resave: false, saveUninitialized: true }))
  .use(passport.session())
  .use(express().use((req, res, next) => {
    req.user = req.query.name + ' ' + req.protocol;
    next();
  }));
realtime.io.set('authorization', (handshake, accept) => {
  console.log(handshake.user, handshake.isAuthenticated());
  accept(null, true);
});
server.listen(0, () => http.get({ port: server.address().port, path: '${resource}/1/?name=ada' }, res => {
  console.log(res.headers['set-cookie'][0].split('=')[0]);
  res.on('data', text => console.log(String(text).slice(20)));
  res.on('end', () => process.exit());
}));
`;

/** Checks that middleware of Express works on this version of node. */
export function signsInOn(t: TestContext, version: string): void {
  const node = oldNode(t, version);
  if (!node) return;
  const said = run(node, ['-e', SIGN_IN], { cwd: root });
  assert.equal(said, 'ada http true\nconnect.sid\n:60:60:xhr-polling\n');
}
