/*
 * Copies commit.lua to the folder of commit.js, because the compiler copies only files that it
 * compiles. The build runs this script (package.json), on node 12 and on Windows as well.
 */
import fs from 'fs';
import path from 'path';
import { fileURLToPath } from 'url';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, '..', '..', '..');
// Git on Windows may end lines with CR LF. For Redis, the text with such lines would be another
// script.
const text = fs.readFileSync(path.join(here, 'commit.lua'), 'utf8').replace(/\r\n/g, '\n');

for (const built of ['dist', path.join('build', 'src')]) {
  const folder = path.join(root, built, 'realtime', 'cluster');
  const to = path.join(folder, 'commit.lua');
  if (!fs.existsSync(folder)) continue;
  // A file with the same text keeps its time of writing. By default iisnode watches all of dist,
  // and a new time would start a new process.
  if (fs.existsSync(to) && fs.readFileSync(to, 'utf8') === text) continue;
  fs.writeFileSync(to, text);
}
