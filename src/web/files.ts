/*
 * The files in public/: which of them visitors get, and how they are sent. pages.ts serves them;
 * `npm run package` asks here which files go along.
 */
import compression from 'compression';
import express from 'express';
import { lstat, realpath } from 'fs';
import path from 'path';
import { promisify } from 'util';

/**
 * A file or folder whose name begins with a dot is no page: .git, .svn, .vscode, .env. The only
 * exception is the folder that RFC 8615 reserves for such things as the proofs of a certificate.
 */
const WELL_KNOWN = '.well-known';

/**
 * Names that visitors do not get, on any system: a file that Windows cannot serve should not seem
 * to work on another computer before.
 */
const REFUSED = [
  // Control and invisible characters, lone surrogates, and what Windows does not allow in a name or
  // reads as something else: a colon begins an alternate stream ("page.html::$DATA").
  /[\p{Cc}\p{Cf}\p{Cs}<>:"/\\|?*]/u,
  // Windows drops these: "page.html." is "page.html", and ".env " is ".env".
  /[. ]$/,
  // Names that Windows can give a file beside its long one: "_ENV~1", "ENV~1.JS". wine and Samba
  // have letters behind the tilde. Longer names with a tilde, such as "vendors~main.js", are
  // ordinary.
  /^(?=[^.]{3,8}(\.|$))[^.~]{1,6}~[^.~]{1,6}(\.[^.]{0,3})?$/,
  // Devices, with any ending: "con", "aux.css".
  /^(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[\d\u00b9\u00b2\u00b3]) *(\.|$)/i,
  // Files that editors and merge tools leave beside another: "page.html~", "#page.html#",
  // "page.orig".
  /~$|^#.*#$|\.(bak|orig|rej|swo|swp|tmp)$/i,
];

/**
 * Whether a file in public/ is one that visitors get, by its name.
 * @param names the folders on the way to it, and its own name: ['images', 'logo.png']
 */
export function isServed(names: readonly string[]): boolean {
  return names.every((name, i) => name !== '' && !REFUSED.some(pattern => pattern.test(name)) &&
    (!name.startsWith('.') || (i === 0 && name.toLowerCase() === WELL_KNOWN && names.length > 1)));
}

/**
 * `serveFiles` serves a folder. Whatever is not to be had there is left to the next handler, so
 * that a visitor cannot tell a private file from none.
 * @param folder its path
 */
export function serveFiles(folder: string): express.RequestHandler {
  const send = express.static(folder, {
    // isServed decides.
    dotfiles: 'allow',
    cacheControl: false,
    setHeaders: (res, file: string) => {
      // A browser asks each time whether a page has changed: a new version is seen at once.
      res.setHeader('Cache-Control', 'no-cache');
      if (isCompressed(file)) res.setHeader('Accept-Ranges', 'none');
    },
  });
  return (req, res, next) => {
    const names = readPath(req.path);
    if (names === null || !isServed(names) || !isReading(req)) return next();
    // The compressed bytes have other places than the plain ones, and their ETag is the same. So a
    // file that is compressed comes whole. Pictures, films and archives come as they are, in parts
    // where a part is asked for.
    if (isCompressed(names[names.length - 1]!)) delete req.headers.range;
    isInside(folder, names).then(
      inside => inside ? send(req, res, next) : next(),
      (error: NodeJS.ErrnoException) => next(MISSING.includes(error.code!) ? undefined : error),
    );
  };
}

/** Why there is no such file: it is gone, a file is taken for a folder, a link leads to itself. */
const MISSING = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'];

const isReading = ({ method }: express.Request) => method === 'GET' || method === 'HEAD';

/**
 * @param text a URL's path, encoded, below the folder
 * @returns the names in it, a folder's index.html at the end; null if it is no text in UTF-8
 */
function readPath(text: string): string[] | null {
  try {
    const names = decodeURIComponent(text).slice(1).split('/');
    if (names[names.length - 1] === '') names[names.length - 1] = 'index.html';
    return names;
  } catch {
    return null;
  }
}

/** Whether the compression in pages.ts takes a file, by the type that its name has. */
function isCompressed(file: string): boolean {
  // The filter asks for nothing but the type.
  const answer = { getHeader: () => express.static.mime.lookup(file) };
  return compression.filter(undefined as never, answer as never);
}

const stat = promisify(lstat);
const resolve = promisify(realpath);

/**
 * Whether a file lies in the folder: a symbolic link (on Windows a junction, too) can lead out of
 * it. Where there is no link on the way below the folder, as with nearly every file, that takes one
 * lstat for each name, and no right to read the folders above.
 * @param names the names on the way to it
 * @throws Error of the file system, if there is no such file
 */
async function isInside(folder: string, names: readonly string[]): Promise<boolean> {
  let at = folder;
  for (const name of names) {
    at = path.join(at, name);
    if ((await stat(at)).isSymbolicLink()) return leadsInside(folder, path.join(folder, ...names));
  }
  return true;
}

/** Whether the file that a name stands for lies in the folder, and is one that visitors get. */
async function leadsInside(folder: string, file: string): Promise<boolean> {
  const [home, real] = await Promise.all([resolve(folder), resolve(file)]);
  const names = path.relative(home, real).split(path.sep);
  // A path out of the folder begins with "..", or on Windows with another disk: "D:".
  return isServed(names);
}
