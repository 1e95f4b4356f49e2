/*
 * The one place that touches the server: it runs Windows' programs, reads and writes files, asks
 * over HTTP, reads the clock, and prints. Tests hand in another system, so that each way through
 * the commands can be tried in one process.
 */
'use strict';

const { spawnSync } = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const https = require('https');
const os = require('os');
const path = require('path');

/** Where the programs lie in the folder system32. */
const PROGRAMS = {
  appcmd: ['inetsrv', 'appcmd.exe'],
  icacls: ['icacls.exe'],
  reg: ['reg.exe'],
  robocopy: ['Robocopy.exe'],
  sc: ['sc.exe'],
};

/**
 * @typedef {ReturnType<typeof createSystem>} System
 * @param {NodeJS.ProcessEnv} env
 */
function createSystem(env = process.env) {
  const system = {
    env,
    /** The version of Windows: '6.1.7601' is Windows 7 and Server 2008 R2, with IIS 7.5. */
    release: os.release(),
    node: process.execPath,

    /**
     * Windows' folder of programs. A 32-bit node on a 64-bit Windows is shown SysWOW64 under the
     * name system32; the real one is under the name sysnative, for such processes only.
     */
    system32() {
      const name = env.PROCESSOR_ARCHITEW6432 ? 'sysnative' : 'system32';
      return path.join(env.windir || env.SystemRoot || 'C:\\Windows', name);
    },

    /**
     * Runs a program of Windows to its end.
     * @param {keyof PROGRAMS} program
     * @param {string[]} args
     * @returns {{ status: number, output: string }} its exit code, -1 if it could not be started;
     *   and all that it wrote
     */
    run(program, args) {
      const file = path.join(system.system32(), ...PROGRAMS[program]);
      const { status, stdout, stderr, error } = spawnSync(file, args, { windowsHide: true, env });
      if (error) return { status: -1, output: `${file}: ${error.message}` };
      return { status, output: `${stdout}${stderr}`.trim() };
    },

    /** Replaces each %NAME% by the environment's value. */
    expand(text) {
      return text.replace(/%([^%]+)%/g, (all, name) => env[name] || all);
    },

    exists: file => fs.existsSync(file),
    /** @returns {string} the text of a file in UTF-8, or in UTF-16 as icacls writes it */
    readText(file) {
      const bytes = fs.readFileSync(file);
      const wide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes.length > 1 && bytes[1] === 0);
      return bytes.toString(wide ? 'utf16le' : 'utf8').replace(/^\uFEFF/, '');
    },

    /** Asks for a page. @returns {Promise<Answer>} */
    ask,

    now: () => Date.now(),
    sleep: milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds)),
    print: line => console.log(line),
  };
  return system;
}

/** How long an answer may take, ms. A cold start of node takes some seconds. */
const PATIENCE = 20000;

/**
 * @typedef {{ status: number, text: string, error?: string }} Answer
 * @param {string} url
 * @param {string} host the Host header, by which IIS finds the site
 * @returns {Promise<Answer>} status 0 and the error, if there was no answer
 */
function ask(url, host) {
  return new Promise(resolve => {
    const failed = ({ message, code }) => resolve({ status: 0, text: '', error: message || code });
    const client = url.startsWith('https:') ? https : http;
    // On the server itself the certificate's name is not the address that is asked. Nothing secret
    // is sent.
    const options = { headers: { Host: host }, rejectUnauthorized: false, agent: false };
    const request = client.get(url, options, answer => {
      const parts = [];
      answer.on('data', part => parts.push(part)).on('error', failed).on('end', () => {
        resolve({ status: answer.statusCode, text: Buffer.concat(parts).toString() });
      });
    });
    request.setTimeout(PATIENCE, () => request.destroy(new Error('no answer within 20 s')));
    request.on('error', failed);
  });
}

/** @returns {string} a short sum of a text or of bytes, by which two are compared */
function sum(content) {
  return crypto.createHash('sha1').update(content).digest('hex');
}

/**
 * Lists the files of a folder and of the folders in it.
 * @param {string[]} without names of folders or files directly in it that are left out
 * @returns {string[]} their paths from there, with /
 */
function filesIn(folder, without = [], below = '') {
  return [].concat(...fs.readdirSync(path.join(folder, below)).map(name => {
    const from = below === '' ? name : `${below}/${name}`;
    if (below === '' && without.includes(name.toLowerCase())) return [];
    const isFolder = fs.lstatSync(path.join(folder, from)).isDirectory();
    return isFolder ? filesIn(folder, [], from) : [from];
  })).sort();
}

/**
 * Removes a folder with all that is in it. (node before 12.10 cannot.) A link goes, not its end.
 */
function removeFolder(folder) {
  if (!fs.existsSync(folder)) return;
  for (const name of fs.readdirSync(folder)) {
    const one = path.join(folder, name);
    if (fs.lstatSync(one).isDirectory()) removeFolder(one);
    else fs.unlinkSync(one);
  }
  fs.rmdirSync(folder);
}

/**
 * Writes a line as a person would type it in cmd.
 * @param {string} program
 * @param {string[]} args
 */
function commandLine(program, args) {
  const shown = program === 'appcmd' ? '%appcmd%' : program;
  return [shown, ...args.map(quoted)].join(' ');
}

function quoted(arg) {
  // As appcmd's reference has it: /name:"My Site".
  const option = /^(\/[\w.]+:)(.*)$/.exec(arg);
  const plain = /^[\w\\/.:*$@-]+$/;
  if (option && !plain.test(option[2])) return `${option[1]}"${option[2]}"`;
  return plain.test(arg) ? arg : `"${arg}"`;
}

/** The line behind which the others of appcmd can be pasted into cmd. */
const SET_APPCMD = 'set appcmd=%windir%\\system32\\inetsrv\\appcmd';

module.exports = { SET_APPCMD, createSystem, sum, filesIn, removeFolder, commandLine, quoted };
