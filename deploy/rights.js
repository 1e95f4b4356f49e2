/*
 * Reads which accounts may read and write a folder. icacls shows names in the language of Windows
 * ("VORDEFINIERT\Benutzer"). Its option /save writes SDDL, which is the same in each language.
 */
'use strict';

const crypto = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');

/**
 * The groups that a pool belongs to, by their names in SDDL: Everyone, Authenticated Users, Users,
 * IIS_IUSRS.
 */
const GROUPS = ['WD', 'S-1-1-0', 'AU', 'S-1-5-11', 'BU', 'S-1-5-32-545', 'IS', 'S-1-5-32-568'];
/** The groups among them that an ordinary user of the machine belongs to. */
const EVERYBODY = GROUPS.slice(0, 6);

/** The rights of SDDL as bits (Microsoft's reference of ACE strings, and winnt.h). */
const BITS = {
  CC: 0x1, DC: 0x2, LC: 0x4, SW: 0x8, RP: 0x10, WP: 0x20, DT: 0x40, LO: 0x80, CR: 0x100,
  SD: 0x10000, RC: 0x20000, WD: 0x40000, WO: 0x80000,
  GA: 0x1f01ff, GR: 0x120089, GW: 0x120116, GX: 0x1200a0,
  FA: 0x1f01ff, FR: 0x120089, FW: 0x120116, FX: 0x1200a0,
};
const READ_AND_RUN = 0x1200a9;
const MODIFY = 0x1301bf;
const READ_ATTRIBUTES = 0x80;
/** The rights to write into a file, to make one, to delete one, and to change rights. */
const WRITE = 0x2 | 0x10000 | 0x40000 | 0x80000;

/**
 * Reads the rights of a folder.
 * @returns {Entry[] | null} the entries that allow something; null if icacls could not read them
 *
 * @typedef {{ sid: string, bits: number, own: boolean, below: boolean }} Entry own: whether the
 *   entry holds for the folder itself; below: whether the entry holds for files in the folder
 */
function readRights(system, folder) {
  const file = path.join(os.tmpdir(), `rights-${crypto.randomBytes(8).toString('hex')}.txt`);
  try {
    const { status } = system.run('icacls', [folder, '/save', file, '/q']);
    if (status !== 0) return null;
    return parseSddl(system.readText(file));
  } finally {
    if (fs.existsSync(file)) fs.unlinkSync(file);
  }
}

/** Reads SDDL. @param {string} text a DACL, such as D:PAI(A;OICI;0x1200a9;;;BU)(A;;FA;;;SY) */
function parseSddl(text) {
  const entries = [];
  const one = /\(A;([A-Z]*);([^;]*);[^;]*;[^;]*;([^;)]+)\)/g;
  for (let found = one.exec(text); found; found = one.exec(text)) {
    const [, flags, rights, sid] = found;
    const inherits = flags.match(/../g) || [];
    entries.push({
      sid: sid.toUpperCase(),
      bits: bitsOf(rights),
      own: !inherits.includes('IO'),
      below: inherits.includes('OI'),
    });
  }
  return entries;
}

function bitsOf(rights) {
  if (/^0x/i.test(rights)) return parseInt(rights, 16);
  return (rights.match(/../g) || []).reduce((bits, two) => bits | (BITS[two] || 0), 0);
}

/** Says whether a pool with that SID may see the folder, by its own right or by a group's. */
function mayLook(entries, sid) {
  return entries.some(one => one.own && (one.bits & READ_ATTRIBUTES) !== 0
    && (one.sid === sid || GROUPS.includes(one.sid)));
}

/** Says whether an account itself has these rights, for the folder and for the files in it. */
function has(entries, sid, bits) {
  return entries.some(one => one.sid === sid && one.own && one.below && (one.bits & bits) === bits);
}

/** Says whether each user of the machine may change files of the folder. */
function everybodyWrites(entries) {
  return entries.some(one => EVERYBODY.includes(one.sid) && (one.own || one.below)
    && (one.bits & WRITE) !== 0);
}

/**
 * Computes the SID of the account that Windows has for a pool. The SID is S-1-5-82 and the SHA-1 of
 * the name in small letters, as UTF-16. ("DefaultAppPool" gives S-1-5-82-3006700770-424185619-…,
 * as Windows shows it.)
 */
function poolSid(pool) {
  const bytes = Buffer.from(pool.toLowerCase(), 'utf16le');
  const hash = crypto.createHash('sha1').update(bytes).digest();
  return `S-1-5-82-${[0, 4, 8, 12, 16].map(at => hash.readUInt32LE(at)).join('-')}`;
}

module.exports = {
  readRights, parseSddl, mayLook, has, everybodyWrites, poolSid, READ_AND_RUN, MODIFY,
};
