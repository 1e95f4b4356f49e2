/*
 * The compiler copies no file that it does not compile: this copies commit.lua to where commit.js
 * is. The build runs it (package.json), on node 12 and on Windows as well.
 */
'use strict';
const fs = require('fs');
const path = require('path');

const root = path.join(__dirname, '..', '..', '..');
const from = path.join(__dirname, 'commit.lua');
const text = fs.readFileSync(from, 'utf8');

for (const built of ['dist', path.join('build', 'src')]) {
  const folder = path.join(root, built, 'realtime', 'cluster');
  const to = path.join(folder, 'commit.lua');
  // With the ends of lines that git gives on Windows, the script would be another one for Redis.
  const unix = text.replace(/\r\n/g, '\n');
  if (!fs.existsSync(folder)) continue;
  // A file that has not changed keeps its time: iisnode watches them.
  if (fs.existsSync(to) && fs.readFileSync(to, 'utf8') === unix) continue;
  fs.writeFileSync(to, unix);
}
