/* The folders and URLs of the benchmark. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { readConfig } from '../../src/config';

/** The project's folder. This file runs as build/tools/bench/paths.js. */
export const root = path.join(__dirname, '..', '..', '..');
export const build = path.join(root, 'build');
/** The paths of the application and of Socket.IO, the same for all servers and their requests. */
export const { appPath, resource } = readConfig({});
/** The folder in which the peers are installed: other servers, for a comparison. */
export const peers = path.join(root, 'tools', 'bench');
/** Loads a package of the project. */
export const fromRoot = createRequire(path.join(root, 'package.json'));
/** Loads a package of tools/bench. */
export const fromPeers = createRequire(path.join(peers, 'package.json'));
