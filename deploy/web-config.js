/* Reads and changes the settings in a web.config, the entries of <appSettings>. */
'use strict';

const { elementsAt, encode, parseXml } = require('./xml');

/**
 * Reads the settings. A setting in a comment does not count.
 * @param {string} text the text of a web.config
 * @returns {Record<string, string>} the values by the names of the settings
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
 * Changes a setting, or adds it behind <clear />, or takes it out. The rest of the file stays as it
 * is. appcmd cannot be used here: it writes a second <appSettings> outside of <location>, and then
 * IIS answers 500.19.
 * @param {string} text the text of a web.config
 * @param {string} name the name of the setting
 * @param {string | undefined} value the new value; undefined takes the setting out
 * @returns {string} the new text
 * @throws Error if there is no <appSettings> to write into
 */
function withSetting(text, name, value) {
  // Comments become spaces of the same length. So the search finds no setting in a comment, and all
  // positions stay the same.
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

/**
 * Changes several settings, as withSetting() does.
 * @param {string} text the text of a web.config
 * @param {Record<string, string>} settings the new values by the names of the settings
 */
function withSettings(text, settings) {
  return Object.keys(settings).reduce((all, name) => withSetting(all, name, settings[name]), text);
}

/**
 * Lists the sections of system.webServer in a web.config.
 * @returns {string[]} the names of the sections, such as 'handlers', 'rewrite/rules'
 */
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
