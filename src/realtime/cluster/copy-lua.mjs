/*
 * The compiler copies no file that it does not compile: this copies commit.lua to where commit.js
 * is. The build runs it (package.json), on node 12 and on Windows as well.
 */
import fs from 'fs';
import path from 'path';
import { fileURLToPath } from 'url';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, '..', '..', '..');
// With the ends of lines that git gives on Windows, it would be another script for Redis.
const text = fs.readFileSync(path.join(here, 'commit.lua'), 'utf8').replace(/\r\n/g, '\n');

for (const built of ['dist', path.join('build', 'src')]) {
  const folder = path.join(root, built, 'realtime', 'cluster');
  const to = path.join(folder, 'commit.lua');
  if (!fs.existsSync(folder)) continue;
  // A file that has not changed keeps its time: iisnode watches them.
  if (fs.existsSync(to) && fs.readFileSync(to, 'utf8') === text) continue;
  fs.writeFileSync(to, text);
}
