/*
 * Edits for the files of a copy of the template. They look for elements and keys, and not for
 * texts, so they also work after other changes of these files.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DOMParser, Element, XMLSerializer } from '@xmldom/xmldom';

/** A function that changes a copy. */
export type Edit = (folder: string) => void;

/** The changes of a web.config. A path is from <system.webServer>, or it is 'appSettings'. */
export interface Config {
  /**
   * Adds elements to the element at a path, and makes this element if it is missing.
   * @param first whether the new elements come first; they then follow a <clear />, if there is one
   */
  add: (to: string, xml: string, first?: boolean) => void;
  /**
   * Sets attributes of the element at a path, and makes this element if it is missing. The value
   * null removes an attribute.
   */
  set: (to: string, attributes: Record<string, string | null>) => void;
  /**
   * Removes all elements of a name.
   * @param having a text; if given, only elements with this text are removed
   * @param inside the name of a parent; if given, only its children are removed
   */
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

/** Makes an edit that sets a setting of the server. The value null removes the setting. */
export function setting(name: string, value: string | null): Edit {
  return webConfig(config => {
    config.drop('add', `key="${name}"`);
    if (value !== null) config.add('appSettings', `<add key="${name}" value="${value}" />`);
  });
}

/** Makes an edit that sets a key in iisnode.yml. The value null removes the line of the key. */
export function yml(key: string, value: string | null): Edit {
  return folder => {
    const file = path.join(folder, 'iisnode.yml');
    const lines = readFileSync(file, 'utf8').split('\n').filter(line => !line.startsWith(`${key}:`));
    if (value !== null) lines.push(`${key}: ${value}`, '');
    writeFileSync(file, lines.join('\n'));
  };
}

/** Makes an edit that changes the text of a file. */
export function file(name: string, change: (text: string) => string): Edit {
  return folder => {
    const full = path.join(folder, name);
    writeFileSync(full, change(readFileSync(full, 'utf8')));
  };
}

/** Makes an edit that adds code to the application of the copy. The code can use `io`. */
export function inApp(code: string): Edit {
  return file('dist/app.js', text => text.replace('/* more */', () => `${code}\n/* more */`));
}

/** Makes polls wait for 10 s. Even a busy machine can send twenty polls in this time. */
export const holdsLonger = inApp('io.set("polling duration", 10);');

/** Removes the parts of web.config that keep out a parent's settings. */
export const letsParentIn: Edit = webConfig(config => {
  for (const name of ['clear', 'validation', 'httpRedirect', 'outboundRules', 'caching']) {
    config.drop(name);
  }
  config.set('httpProtocol', { allowKeepAlive: null });
  // These two elements still remove IIS's own handlers, which serve files, and IIS's own header.
  config.add('handlers', '<clear />', true);
  config.add('httpProtocol/customHeaders', '<remove name="X-Powered-By" />', true);
});
