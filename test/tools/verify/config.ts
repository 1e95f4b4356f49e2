/*
 * Changes to the files of a copy of the template: by their meaning, not by their text, so that they
 * hold whatever else is in the files.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DOMParser, Element, XMLSerializer } from '@xmldom/xmldom';

/** Changes a copy. */
export type Edit = (folder: string) => void;

/** A web.config that can be changed. Paths count from <system.webServer>; appSettings is known. */
export interface Config {
  /** Adds elements to another, which is made if it is not there; first is behind a <clear />. */
  add: (to: string, xml: string, first?: boolean) => void;
  /** Sets attributes of an element, which is made if it is not there; null takes one away. */
  set: (to: string, attributes: Record<string, string | null>) => void;
  /** Takes away all elements of that name, or those of them with that in their text, or there. */
  drop: (name: string, having?: string, inside?: string) => void;
}

export function webConfig(change: (config: Config) => void): Edit {
  return folder => {
    const file = path.join(folder, 'web.config');
    const document = new DOMParser().parseFromString(readFileSync(file, 'utf8'), 'text/xml');
    const named = (parent: Element, name: string) =>
      Array.from(parent.childNodes).find(child => child.nodeName === name) as Element | undefined;
    const all = (name: string) => Array.from(document.getElementsByTagName(name));
    const at = (to: string) => {
      if (to === 'appSettings') return all(to)[0]!;
      let element = all('system.webServer')[0]!;
      for (const name of to.split('/')) {
        const found = named(element, name) ?? document.createElement(name);
        if (!found.parentNode) element.appendChild(found);
        element = found;
      }
      return element;
    };
    change({
      add(to, xml, first = false) {
        const parent = at(to);
        const inside = new DOMParser().parseFromString(`<x>${xml}</x>`, 'text/xml');
        const clear = named(parent, 'clear');
        const before = first ? (clear ? clear.nextSibling : parent.firstChild) : null;
        for (const child of Array.from(inside.documentElement!.childNodes)) {
          parent.insertBefore(document.importNode(child, true), before);
        }
      },
      set(to, attributes) {
        const element = at(to);
        for (const [name, value] of Object.entries(attributes)) {
          if (value === null) element.removeAttribute(name);
          else element.setAttribute(name, value);
        }
      },
      drop(name, having = '', inside = '') {
        for (const element of all(name)) {
          const text = new XMLSerializer().serializeToString(element);
          const there = inside === '' || element.parentNode!.nodeName === inside;
          if (there && text.includes(having)) element.parentNode!.removeChild(element);
        }
      },
    });
    writeFileSync(file, new XMLSerializer().serializeToString(document));
  };
}

/** A setting of the server's, null to have none. */
export function setting(name: string, value: string | null): Edit {
  return webConfig(config => {
    config.drop('add', `key="${name}"`);
    if (value !== null) config.add('appSettings', `<add key="${name}" value="${value}" />`);
  });
}

/** A line of iisnode.yml, in the place of the one that is there; null takes it away. */
export function yml(key: string, value: string | null): Edit {
  return folder => {
    const file = path.join(folder, 'iisnode.yml');
    const lines = readFileSync(file, 'utf8').split('\n').filter(line => !line.startsWith(`${key}:`));
    if (value !== null) lines.push(`${key}: ${value}`, '');
    writeFileSync(file, lines.join('\n'));
  };
}

/** A file with other content, made of the content that it has. */
export function file(name: string, change: (text: string) => string): Edit {
  return folder => {
    const full = path.join(folder, name);
    writeFileSync(full, change(readFileSync(full, 'utf8')));
  };
}

/** Code that runs before the application of the copy, with `io` at hand. */
export function inApp(code: string): Edit {
  return file('dist/app.js', text => text.replace('/* more */', () => `${code}\n/* more */`));
}

/** Polls wait for longer than it takes to send twenty of them on a busy machine. */
export const holdsLonger = inApp('io.set("polling duration", 10);');

/** What a web.config says so that a parent's settings do not get in; the copy lets them in. */
export const letsParentIn: Edit = webConfig(config => {
  for (const name of ['clear', 'validation', 'httpRedirect', 'outboundRules', 'caching']) {
    config.drop(name);
  }
  config.set('httpProtocol', { allowKeepAlive: null });
  // These keep out what is IIS's own: its handlers, which take files, and its header.
  config.add('handlers', '<clear />', true);
  config.add('httpProtocol/customHeaders', '<remove name="X-Powered-By" />', true);
});
