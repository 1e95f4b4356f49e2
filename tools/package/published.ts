/* Chooses the files of public/ for a package: those that git has and that the server serves. */
import { execFileSync } from 'node:child_process';
import { lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { isServed } from '../../src/web/served';
import { Refusal } from '../refusal';

export interface Published {
  /** Paths below the project, 'public/style.css'. */
  files: string[];
  /** The other files and folders of public/, each with the reason why it is left out. */
  leftOut: string[];
}

/**
 * Lists the files of public/. The function refuses a symbolic link, because the package would get a
 * path of this disk, or files from outside the project. On most Windows, git writes a text file in
 * the place of a link.
 * @param root the project's folder
 * @param also the files and folders to take although git ignores them: 'public/built'
 * @throws Refusal for a link, and for a file that does not exist
 */
export function published(root: string, also: readonly string[] = []): Published {
  refuseLink(root, 'public');
  const known = new Set(inGit(root, 'public'));
  const wanted = also.map(plain);
  for (const [i, name] of wanted.entries()) {
    if (name.startsWith('public/') && lstat(path.join(root, name))) continue;
    throw new Refusal(`--also ${also[i]}: there is no such file or folder in public/`);
  }
  const isWanted = (name: string) => wanted.some(one => name === one || name.startsWith(`${one}/`));
  const files: string[] = [];
  const leftOut: string[] = [];

  const addFile = (name: string) => {
    const names = name.split('/').slice(1);
    if (isServed(names)) files.push(name);
    else leftOut.push(`${name} (the server never serves a file of this name)`);
  };
  const list = (folder: string) => {
    for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true })) {
      const name = `${folder}/${entry.name}`;
      const holds = [...known, ...wanted].some(one => one.startsWith(`${name}/`));
      if (known.has(name) || isWanted(name) || holds) {
        refuseLink(root, name);
        if (entry.isDirectory()) list(name);
        else addFile(name);
      } else if (!entry.isDirectory()) {
        leftOut.push(`${name} (git ignores it)`);
      } else if (readdirSync(path.join(root, name)).length > 0) {
        leftOut.push(`${name}/ (git ignores it)`);
      }
    }
  };
  list('public');
  for (const name of known) {
    if (!lstat(path.join(root, name))) {
      throw new Refusal(`git has ${name}, but the file is not here: is this a sparse checkout?`);
    }
  }
  return { files: files.sort(), leftOut: leftOut.sort() };
}

/** Lists the files of public/ that the server serves, even if git does not have them. For tests. */
export function servedFiles(root: string): string[] {
  const folder = path.join(root, 'public');
  return readdirSync(folder, { recursive: true }).map(String).filter(name => {
    return isServed(name.split(path.sep)) && lstatSync(path.join(folder, name)).isFile();
  }).map(name => path.join('public', name));
}

/** Looks for links in a folder. @throws Refusal if there is a link */
export function refuseLinks(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) continue;
    throw linkAt(plain(path.relative(folder, path.join(entry.path, entry.name))));
  }
}

/**
 * Looks at one file of a folder.
 * @param name the path of the file, from the folder
 * @throws Refusal if the file is a link
 */
function refuseLink(folder: string, name: string): void {
  if (lstat(path.join(folder, name))?.isSymbolicLink()) throw linkAt(name);
}

function linkAt(name: string): Refusal {
  const why = 'and a package has files only: put a copy in its place';
  return new Refusal(`${name} is a symbolic link, ${why}`);
}

const lstat = (file: string) => lstatSync(file, { throwIfNoEntry: false });

/** Writes a path with slashes, and without a slash at its end. */
function plain(name: string): string {
  return path.posix.normalize(name.replaceAll('\\', '/')).replace(/\/$/, '');
}

/**
 * Lists the files of a folder that git has, including those of submodules.
 * @throws Refusal for a link
 */
function inGit(root: string, folder: string): string[] {
  const options = { cwd: path.join(root, folder), encoding: 'utf8', maxBuffer: 1e9 } as const;
  const listed = execFileSync('git', ['ls-files', '-z', '--stage'], options);
  return listed.split('\0').filter(Boolean).flatMap(line => {
    const [, mode, name] = /^(\d+) [^\t]*\t([^]*)$/.exec(line)!;
    const file = `${folder}/${name!}`;
    // A submodule is a commit of another repository.
    if (mode === '160000') return inGit(root, file);
    // On Windows, git may have written a text file in the place of the link.
    if (mode === '120000') throw linkAt(file);
    return [file];
  });
}
