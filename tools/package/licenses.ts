/*
 * Collects the licences of the packages in a bundle. Nearly every licence demands that copies of
 * the code include the text of the licence.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Refusal } from '../refusal';

/** The whole text of the Apache License. Many packages have only its address. */
const APACHE = path.join(__dirname, '..', '..', '..', 'tools', 'package', 'apache-2.0.txt');

/**
 * Lists each package with its version and the text of its licence, in the order of their names.
 * @param root the project's folder. Its file licenses/<name>.txt, if there is one, replaces the
 *   text of the package <name>; for a package with a scope, licenses/@scope/<name>.txt
 * @param folders the folders of the packages
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
    throw new Refusal(`no text of a licence comes with ${missing.join(', ')}: look up the licence `
      + 'of the package, and put its text into licenses/<name>.txt');
  }
  return [...new Set(texts)].sort().join('\n---\n\n');
}

/** Finds the licence of a package. @returns its text; null if the package has no licence */
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

/** The section of a README under the heading "License". */
const SECTION = /^#+ *licen[cs]e\b[^\n]*\n([^]*?)(?=\n#|(?![^]))/im;

/** Finds the licence in a README. @returns null if the README only names the licence */
function inReadme(folder: string, names: readonly string[]): string | null {
  const name = names.find(one => /^readme(\.|$)/i.test(one));
  const [, found = ''] = SECTION.exec(name ? read(path.join(folder, name)) : '') ?? [];
  const text = found.replace(/&lt;/g, '<').replace(/&gt;/g, '>').trim();
  return /\bpermi(ssion|tted)\b[^]*\bwarrant(y|ies)\b/i.test(text) ? text : null;
}

function read(file: string): string {
  return readFileSync(file, 'utf8').replace(/\r\n/g, '\n').trim();
}
