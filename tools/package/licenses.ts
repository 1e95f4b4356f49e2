/* The licences of the packages in a bundle: nearly all ask that their text stays with the code. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Refusal } from '../refusal';

/** The whole text of the Apache License, which packages like to name by its address only. */
const APACHE = path.join(__dirname, '..', '..', '..', 'tools', 'package', 'apache-2.0.txt');

/**
 * Names each package with its version and the text of its licence, in the order of the names.
 * @param root the project. licenses/name.txt there is taken for the text of the package `name`,
 *   licenses/@scope/name.txt for that of one with a scope
 * @param folders those of the packages
 * @throws Refusal that names the packages without a text
 */
export function licenses(root: string, folders: readonly string[]): string {
  const missing: string[] = [];
  const texts = folders.map(folder => {
    const about = readFileSync(path.join(folder, 'package.json'), 'utf8');
    const { name, version } = JSON.parse(about) as { name: string; version: string };
    const own = path.join(root, 'licenses', `${name}.txt`);
    const text = existsSync(own) ? read(own) : licenseOf(folder);
    if (text === null) missing.push(`${name} ${version}`);
    return `${name} ${version}\n\n${text}\n`;
  });
  if (missing.length > 0) {
    throw new Refusal(`no text of a licence comes with ${missing.join(', ')}: find out what the ` +
      'author allows, and put the text into licenses/<name>.txt');
  }
  return [...new Set(texts)].sort().join('\n---\n\n');
}

/** The text of a package's licence; null if it has none. */
function licenseOf(folder: string): string | null {
  const names = readdirSync(folder).sort();
  const files = names.filter(name => /^((un)?licen[cs]e|copying|notice)(?![a-z])/i.test(name));
  const whole = files.map(name => read(path.join(folder, name))).join('\n\n');
  const text = whole || inReadme(folder, names);
  if (text === null) return null;
  const isApache = /apache\.org\/licenses\/LICENSE-2\.0|Apache License/i.test(text);
  if (!isApache || /TERMS AND CONDITIONS FOR USE/i.test(text)) return text;
  return `${text}\n\n${readFileSync(APACHE, 'utf8').trimEnd()}`;
}

/** A heading of that name, and all up to the next heading. */
const SECTION = /^#+ *licen[cs]e\b[^\n]*\n([^]*?)(?=\n#|(?![^]))/im;

/** What the README says of it, if that is more than a word that names a licence. */
function inReadme(folder: string, names: readonly string[]): string | null {
  const name = names.find(one => /^readme(\.|$)/i.test(one));
  const [, found = ''] = SECTION.exec(name ? read(path.join(folder, name)) : '') ?? [];
  const text = found.replace(/&lt;/g, '<').replace(/&gt;/g, '>').trim();
  return /\bpermi(ssion|tted)\b[^]*\bwarrant(y|ies)\b/i.test(text) ? text : null;
}

function read(file: string): string {
  return readFileSync(file, 'utf8').replace(/\r\n/g, '\n').trim();
}
