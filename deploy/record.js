/*
 * installed.json in the application's folder: what install.cmd has done on this server, so that
 * uninstall.cmd undoes that and nothing else. Each step is written down before it is done: if the
 * machine stops in the middle, the step is known. Only administrators can write there; the pool may
 * only read.
 */
'use strict';

const fs = require('fs');
const path = require('path');
const { RECORD } = require('./package');
const { KINDS } = require('./steps');

/**
 * @typedef {object} Record
 * @property {string} site
 * @property {string} path of the application in the site: '/myApp'; '/' for the root
 * @property {object[]} did the steps, in their order, as steps.js knows them
 * @property {Record<string, string>} settings that were written into web.config
 * @property {string} [webConfig] the sum of the package's web.config that the one here was made
 *   from
 * @property {string} [written] the sum of the web.config as it was written here
 */

/**
 * @param {string} folder the application's
 * @returns {Record | null} null if nothing is written down there
 * @throws Error if the file is no record
 */
function readRecord(folder) {
  const file = path.join(folder, RECORD);
  if (!fs.existsSync(file)) return null;
  const record = JSON.parse(fs.readFileSync(file, 'utf8'));
  const known = Array.isArray(record.did) && record.did.every(({ kind }) => kind in KINDS);
  if (!known) throw new Error(`${file} is not what install.cmd has written`);
  return record;
}

function writeRecord(folder, record) {
  fs.writeFileSync(path.join(folder, RECORD), `${JSON.stringify(record, null, 2)}\n`);
}

function removeRecord(folder) {
  const file = path.join(folder, RECORD);
  if (fs.existsSync(file)) fs.unlinkSync(file);
}

module.exports = { readRecord, writeRecord, removeRecord };
