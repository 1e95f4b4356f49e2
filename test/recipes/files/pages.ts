import { randomBytes } from 'crypto';
import type { Router } from 'express';
import { createWriteStream, unlink } from 'fs';
import { tmpdir } from 'os';
import path from 'path';
import { pipeline } from 'stream';
import type { Server } from '../../../src/realtime';
import { Out, uploaded } from './app';

/** Nobody is to change the application's files: this folder is outside, and IIS may write to it. */
const FOLDER = process.env.UPLOADS || tmpdir();
/** Raise this limit together with maxAllowedContentLength in web.config, the limit of IIS. */
const MOST = 1000000;

export function addPages(pages: Router, io: Server<{}, Out>): void {
  pages.post('/files', (req, res, next) => {
    const { name } = req.query;
    if (typeof name !== 'string') return res.sendStatus(400);
    // The file's name on the disk is random: a visitor's name could lead out of the folder.
    const id = randomBytes(16).toString('hex');
    const file = path.join(FOLDER, id);
    let bytes = 0;
    req.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes > MOST) req.destroy();
    });
    pipeline(req, createWriteStream(file), error => {
      if (error) return unlink(file, () => next(error));
      const one = { id, name: name.slice(0, 100), bytes };
      uploaded.push(one);
      io.sockets.emit('file', one);
      res.sendStatus(204);
    });
  });

  pages.get('/files/:id', (req, res, next) => {
    const one = uploaded.find(({ id }) => id === req.params.id);
    if (!one) return next();
    // The browser saves the file: an uploaded page would run as one of yours.
    res.download(path.join(FOLDER, one.id), one.name);
  });
}
