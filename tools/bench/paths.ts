import { createRequire } from 'node:module';
import path from 'node:path';
import { readConfig } from '../../src/config';

/** The project's folder. This file runs as build/tools/bench/paths.js. */
export const root = path.join(__dirname, '..', '..', '..');
export const build = path.join(root, 'build');
/** Where the application lives. All servers have the same path, so that all get the same requests. */
export const { appPath, resource } = readConfig({});
/** Where the peers are installed. */
export const peers = path.join(root, 'tools', 'bench');
export const fromRoot = createRequire(path.join(root, 'package.json'));
export const fromPeers = createRequire(path.join(peers, 'package.json'));
