/*
 * The access of the commands to the server: Windows' programs, requests over HTTP, the clock, and
 * the console. Tests hand in another system. So a test can try each way through the commands in one
 * process, without Windows.
 */
'use strict';

const { spawnSync } = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const https = require('https');
const os = require('os');
const path = require('path');

/** The paths of the programs in the folder system32. */
const PROGRAMS = {
  appcmd: ['inetsrv', 'appcmd.exe'],
  icacls: ['icacls.exe'],
  reg: ['reg.exe'],
  robocopy: ['Robocopy.exe'],
  sc: ['sc.exe'],
};

/**
 * Makes the system that the commands use outside of tests.
 * @typedef {ReturnType<typeof createSystem>} System
 * @param {NodeJS.ProcessEnv} env the environment of the process
 */
function createSystem(env = process.env) {
  const system = {
    env,
    /** The version of Windows: '6.1.7601' is Windows 7 and Server 2008 R2, with IIS 7.5. */
    release: os.release(),
    node: process.execPath,

    /**
     * Returns the folder of Windows' programs. On a 64-bit Windows, a 32-bit node sees the folder
     * SysWOW64 under the name system32. It sees the real system32 under the name sysnative.
     */
    system32() {
      const name = env.PROCESSOR_ARCHITEW6432 ? 'sysnative' : 'system32';
      return path.join(env.windir || env.SystemRoot || 'C:\\Windows', name);
    },

    /**
     * Runs a program of Windows to its end.
     * @param {keyof PROGRAMS} program
     * @param {string[]} args
     * @returns {{ status: number, output: string }} status: the exit code, -1 if the program could
     *   not be started; output: the text that the program wrote
     */
    run(program, args) {
      const file = path.join(system.system32(), ...PROGRAMS[program]);
      const { status, stdout, stderr, error } = spawnSync(file, args, { windowsHide: true, env });
      if (error) return { status: -1, output: `${file}: ${error.message}` };
      return { status, output: `${stdout}${stderr}`.trim() };
    },

    /** Replaces each %NAME% with its value in the environment. */
    expand(text) {
      return text.replace(/%([^%]+)%/g, (all, name) => env[name] || all);
    },

    exists: file => fs.existsSync(file),
    /** Reads a file in UTF-8, or in UTF-16 as icacls writes it. @returns {string} the text */
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

/** The longest time that an answer may take, ms. A cold start of node takes some seconds. */
const PATIENCE = 20000;

/**
 * Asks for a page.
 * @typedef {{ status: number, text: string, error?: string }} Answer
 * @param {string} url the address of the page
 * @param {string} host the Host header, by which IIS finds the site
 * @returns {Promise<Answer>} the answer; status 0 and an error if there was no answer
 */
function ask(url, host) {
  return new Promise(resolve => {
    const failed = ({ message, code }) => resolve({ status: 0, text: '', error: message || code });
    const client = url.startsWith('https:') ? https : http;
    // The request goes to an address of the server itself, and the certificate has another name. So
    // the certificate is not checked. The request has no secrets.
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

/** @returns {string} a short sum of a text or of bytes; equal contents have equal sums */
function sum(content) {
  return crypto.createHash('sha1').update(content).digest('hex');
}

/**
 * Lists the files of a folder and of the folders in it.
 * @param {string} folder the folder
 * @param {string[]} without the names of files and folders directly in the folder that the list
 *   leaves out, in small letters
 * @returns {string[]} the paths of the files from the folder, with /
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
 * Removes a folder with all its files and folders. node before 12.10 has no function for this. Of a
 * link, the function removes the link itself, and not its target.
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
 * Writes a command as a person would type it in cmd.
 * @param {string} program the program's name
 * @param {string[]} args the program's arguments
 */
function commandLine(program, args) {
  const shown = program === 'appcmd' ? '%appcmd%' : program;
  return [shown, ...args.map(quoted)].join(' ');
}

function quoted(arg) {
  // appcmd's reference writes /name:"My Site".
  const option = /^(\/[\w.]+:)(.*)$/.exec(arg);
  const plain = /^[\w\\/.:*$@-]+$/;
  if (option && !plain.test(option[2])) return `${option[1]}"${option[2]}"`;
  return plain.test(arg) ? arg : `"${arg}"`;
}

/** The line that sets %appcmd%. A person pastes it into cmd before the other lines of appcmd. */
const SET_APPCMD = 'set appcmd=%windir%\\system32\\inetsrv\\appcmd';

module.exports = { SET_APPCMD, createSystem, sum, filesIn, removeFolder, commandLine, quoted };
