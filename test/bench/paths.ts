import { createRequire } from 'node:module';
import path from 'node:path';

/** The project's folder. This file runs as build/test/bench/paths.js. */
export const root = path.join(__dirname, '..', '..', '..');
export const build = path.join(root, 'build');
/** Where the peers are installed. */
export const peers = path.join(root, 'test', 'bench');
export const fromRoot = createRequire(path.join(root, 'package.json'));
export const fromPeers = createRequire(path.join(peers, 'package.json'));
