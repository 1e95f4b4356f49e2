/*
 * Decides by its name whether visitors get a file in public/. files.ts sends such files, and `npm
 * run package` copies them. This file needs no Express, so the package command need not load it.
 */

/**
 * The only name with a dot at its beginning that visitors get: RFC 8615 reserves this folder, for
 * the proofs of a certificate and the like. Others are private: .git, .svn, .vscode, .env.
 */
const WELL_KNOWN = '.well-known';

/**
 * The names that visitors do not get, on any system. A file that Windows cannot serve should not
 * seem to work on a developer's computer.
 */
const REFUSED = [
  // Control and invisible characters, lone surrogates, and characters that Windows does not allow
  // in a name. A colon begins an alternate stream ("page.html::$DATA").
  /[\p{Cc}\p{Cf}\p{Cs}<>:"/\\|?*]/u,
  // Dots and spaces at the end. Windows drops them: "page.html." is "page.html".
  /[. ]$/,
  // Short names that Windows can give a file beside its long name: "_ENV~1", "ENV~1.JS". wine and
  // Samba put letters behind the tilde. Longer names with a tilde, such as "vendors~main.js", are
  // ordinary.
  /^(?=[^.]{3,8}(\.|$))[^.~]{1,6}~[^.~]{1,6}(\.[^.]{0,3})?$/,
  // Names of devices, with any ending: "con", "aux.css".
  /^(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[\d\u00b9\u00b2\u00b3]) *(\.|$)/i,
  // Files that editors and merge tools leave beside another: "page.html~", "#page.html#",
  // "page.orig".
  /~$|^#.*#$|\.(bak|orig|rej|swo|swp|tmp)$/i,
];

/**
 * Says whether visitors get a file in public/, by its name.
 * @param names the folders on the way to the file, and its own name: ['images', 'logo.png']
 */
export function isServed(names: readonly string[]): boolean {
  return names.every((name, i) => name !== '' && !REFUSED.some(pattern => pattern.test(name)) &&
    (!name.startsWith('.') || (i === 0 && name.toLowerCase() === WELL_KNOWN && names.length > 1)));
}
