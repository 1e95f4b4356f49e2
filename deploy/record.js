/*
 * installed.json in the application's folder lists the steps of install.cmd on this server.
 * uninstall.cmd undoes these steps and nothing else. install.cmd writes each step down before it
 * makes the step. So the step is known if the machine stops in the middle. Only administrators can
 * write into the folder; the pool may only read.
 */
'use strict';

const fs = require('fs');
const path = require('path');
const { RECORD } = require('./package');
const { KINDS } = require('./steps');

/**
 * @typedef {object} Record
 * @property {string} site the name of the site
 * @property {string} path the application's path in the site, with a / in front; '/' for the root
 * @property {object[]} did the steps, in their order, of the kinds in steps.js
 * @property {Record<string, string>} settings the settings that were written into web.config
 * @property {string} [webConfig] the sum of the package's own web.config
 * @property {string} [written] the sum of the web.config that was written on the server
 */

/**
 * Reads the record.
 * @param {string} folder the application's folder
 * @returns {Record | null} null if the folder has no record
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
