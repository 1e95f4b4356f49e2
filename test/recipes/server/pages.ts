import { createHash, timingSafeEqual } from 'crypto';
import express, { Router } from 'express';
import type { Server } from '../../../src/realtime';
import type { Out } from './app';

const hash = (text: string) => createHash('sha256').update(text).digest();

export function addPages(pages: Router, io: Server<{}, Out>): void {
  pages.post('/news', express.json({ limit: '100kb' }), (req, res) => {
    const secret = process.env.NEWS_SECRET;
    const said = req.get('X-Secret') || '';
    // The comparison always takes the same time, so the time says nothing about the secret.
    if (!secret || !timingSafeEqual(hash(said), hash(secret))) return res.sendStatus(403);
    const { text } = req.body as { text?: unknown };
    if (typeof text !== 'string') return res.status(400).send('{ "text": "…" } is expected');
    io.sockets.in('readers').emit('news', text);
    res.sendStatus(204);
  });
}
