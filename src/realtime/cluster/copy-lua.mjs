/*
 * Copies commit.lua to the folder of commit.js, because the TypeScript compiler does not copy it.
 * The build runs this script (package.json), on node 12 and on Windows as well.
 */
import fs from 'fs';
import path from 'path';
import { fileURLToPath } from 'url';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, '..', '..', '..');
// Git on Windows may end the lines with CR LF. Redis would take the text with CR LF for another
// script.
const text = fs.readFileSync(path.join(here, 'commit.lua'), 'utf8').replace(/\r\n/g, '\n');

for (const built of ['dist', path.join('build', 'src')]) {
  const folder = path.join(root, built, 'realtime', 'cluster');
  const to = path.join(folder, 'commit.lua');
  if (!fs.existsSync(folder)) continue;
  // A file that has the text already is not written. By default iisnode watches all of dist, and
  // starts a new process when the time of a file changes.
  if (fs.existsSync(to) && fs.readFileSync(to, 'utf8') === text) continue;
  fs.writeFileSync(to, text);
}
