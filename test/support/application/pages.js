/*
 * The pages of the tests, in the place of dist/pages.js. A node down to 10 runs it: nothing newer
 * here.
 */
'use strict';

const express = require('express');
const path = require('path');
const { Trust } = require('./iisnode');
const { serveFiles } = require('./web/files');

exports.createPages = function (config, log, { clients }) {
  const app = express();
  const trust = new Trust(config);
  app.use((req, _res, next) => {
    trust.trustHeaders(req);
    next();
  });
  app.set('trust proxy', 1);

  const pages = express.Router();
  app.use(config.appPath || '/', pages);
  pages.get('/health', (_req, res) => {
    res.json({ status: 'ok', clients: clients(), pid: process.pid, node: process.version });
  });
  // Who the visitor is, as far as Express knows.
  pages.get('/told', ({ ip, ips, protocol, secure, hostname, headers }, res) => {
    res.json({ ip, ips, protocol, secure, hostname, headers });
  });
  pages.get('/socket/socket.io.js', (_req, res) => {
    const modules = path.join(__dirname, '..', 'node_modules');
    res.sendFile(path.join(modules, 'socket.io-client', 'dist', 'socket.io.min.js'));
  });
  pages.use(serveFiles(path.join(__dirname, '..', 'public')));

  app.use((_req, res) => { res.status(404).type('text').send('Not found.'); });
  app.use((error, req, res, next) => {
    const status = error.status >= 400 && error.status < 500 ? error.status : 500;
    if (status === 500) log.error(req.method, req.url, error);
    if (res.headersSent) next(error);
    else res.status(status).type('text').send('Failed.');
  });
  return app;
};
