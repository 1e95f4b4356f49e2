/* The settings in a web.config: entries of <appSettings>. All else in the file stays as it is. */
'use strict';

const { elementsAt, encode, parseXml } = require('./xml');

/**
 * @param {string} text a web.config
 * @returns {Record<string, string>} the settings by their names; those in comments do not count
 */
function settingsOf(text) {
  const [configuration] = elementsAt(parseXml(text), 'configuration');
  const places = [configuration, ...elementsAt(configuration, 'location')];
  const settings = {};
  for (const place of places) {
    for (const { attributes } of elementsAt(place, 'appSettings', 'add')) {
      settings[attributes.key] = attributes.value;
    }
  }
  return settings;
}

/**
 * Changes a setting, or adds it behind <clear />, or takes it out. appcmd would not do: it writes a
 * second <appSettings> outside of <location>, and IIS answers 500.19 then.
 * @param {string} text a web.config
 * @param {string} name
 * @param {string | undefined} value undefined takes the setting out
 * @returns {string} the new text
 * @throws Error if there is no <appSettings> to write into
 */
function withSetting(text, name, value) {
  // Comments are blanked, so that a setting in one is not found, and all places stay the same.
  const code = text.replace(/<!--[^]*?-->/g, one => one.replace(/[^\n]/g, ' '));
  const key = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const there = new RegExp(`\\n?[ \\t]*<add\\s+key="${key}"\\s+value="[^"]*"\\s*/>`, 'i')
    .exec(code);
  if (there) {
    const old = text.slice(there.index, there.index + there[0].length);
    const replacement = value === undefined
      ? ''
      : old.replace(/value="[^"]*"/i, () => `value="${encode(value)}"`);
    return text.slice(0, there.index) + replacement + text.slice(there.index + there[0].length);
  }
  if (value === undefined) return text;
  const start = /<appSettings\s*>(\s*<clear\s*\/>)?/i.exec(code);
  if (!start) throw new Error('web.config has no <appSettings> to write settings into');
  const end = start.index + start[0].length;
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const line = `${newline}      <add key="${name}" value="${encode(value)}" />`;
  return text.slice(0, end) + line + text.slice(end);
}

/** @param {Record<string, string>} settings */
function withSettings(text, settings) {
  return Object.keys(settings).reduce((all, name) => withSetting(all, name, settings[name]), text);
}

/** @returns {string[]} the sections of system.webServer that a web.config has, 'rewrite/rules' */
function sectionsOf(text) {
  const [configuration] = elementsAt(parseXml(text), 'configuration');
  const places = [configuration, ...elementsAt(configuration, 'location')];
  const GROUPS = ['rewrite', 'security', 'security/authentication'];
  const sections = [];
  const add = (element, before) => {
    for (const child of element.children) {
      const name = before + child.name;
      if (GROUPS.includes(name)) add(child, `${name}/`);
      else sections.push(name);
    }
  };
  for (const place of places) {
    for (const server of elementsAt(place, 'system.webServer')) add(server, '');
  }
  return sections;
}

module.exports = { settingsOf, withSetting, withSettings, sectionsOf };
