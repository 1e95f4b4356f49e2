/*
 * The files in public/ that visitors get, by their names. files.ts sends them, and `npm run
 * package` takes them along: it needs no Express for that.
 */

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
