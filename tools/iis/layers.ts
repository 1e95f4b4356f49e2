/*
 * Finds the configuration files that apply to a URL. IIS merges them from the root of the site
 * down. For each folder, the <location> elements for this folder in files above come first, then
 * the web.config of the folder itself.
 */
import { readFileSync, Stats, statSync } from 'node:fs';
import path from 'node:path';
import { checkFile, CheckedFile, checkSection, ConfigProblem, isOwnLevel } from './check';
import { Folders } from './folders';
import { parseXml, XmlElement, XmlError } from './xml';

export type IisVersion = '7.5' | '10';

/** A web.config of the hierarchy. */
export interface ConfigFile {
  file: string;
  /** The URL of the folder that has the file: '/' or '/app/'. */
  base: string;
  checked: CheckedFile;
  /** The files that sections of this file name as configSource. */
  sources: string[];
  /** The times and sizes of the file and its sources. The text differs if one file has changed. */
  stamp: string;
}

/** A part of a file that applies to a URL: the file itself, or a <location> in it. */
export interface Layer {
  file: ConfigFile;
  element: XmlElement;
  /** The place of the layer in the order of the levels. */
  level: number;
  /** Whether the layer locks its sections for the levels below. */
  deny: boolean;
  /** The URL that the layer's rules see as their folder; undefined for the application's folder. */
  base?: string;
}

/** The files and layers that apply to a URL. */
export interface AppliedConfig {
  files: ConfigFile[];
  layers: Layer[];
  /** The key of this configuration: URLs with the same key have the same configuration. */
  key: string;
}

export interface Hierarchy {
  iis: IisVersion;
  /** The application's folder, and its URL with a slash at the end. */
  folder: string;
  base: string;
  /** The web.config files above the application, the outermost first, with their folders' URLs. */
  parents: { file: string; base: string }[];
}

/** The configuration files of an application. They are read again when one of them changes. */
export class Layers {
  #above: ConfigFile[] = [];
  readonly #below = new Map<string, ConfigFile>();
  readonly #folders = new Folders();
  #stamp = '';
  // The configuration of all URLs without a <location> and without a web.config below the
  // application. undefined if a file has a <location> for another folder.
  #plain: AppliedConfig | undefined;

  constructor(private readonly hierarchy: Hierarchy) {}

  /**
   * Reads the files again if one of them has changed.
   * @returns whether a file has changed
   */
  refresh(): boolean {
    const stamp = this.#above.map(file => stampOf(file.file, file.sources)).join();
    if (this.#above.length > 0 && stamp === this.#stamp) return false;
    const { parents, folder, base, iis } = this.hierarchy;
    this.#above = [...parents, { file: path.join(folder, 'web.config'), base }]
      .map(one => readConfigFile(one.file, one.base, iis));
    this.#stamp = this.#above.map(file => file.stamp).join();
    this.#below.clear();
    const targeted = this.#above.some(file => locationsOf(file).some(one => !isOwnLevel(one)));
    this.#plain = undefined;
    if (!targeted) this.#plain = this.#collect(base, this.#above);
    return true;
  }

  /** Collects the files and layers that apply to a URL. */
  of(url: string): AppliedConfig {
    const below = this.#filesBelow(url);
    if (this.#plain && below.length === 0) return this.#plain;
    return this.#collect(url, [...this.#above, ...below]);
  }

  #collect(url: string, files: ConfigFile[]): AppliedConfig {
    const levels = levelsOf(url);
    const layers: Layer[] = [];
    let level = 0;
    const add = (file: ConfigFile, element: XmlElement, target: string) => {
      layers.push({
        file,
        element,
        level,
        deny: locksItsSections(element),
        base: target === this.hierarchy.base ? undefined : target,
      });
    };
    for (const at of levels) {
      for (const file of files) {
        const targeted = locationsOf(file)
          .filter(one => !isOwnLevel(one) && targetOf(file, one) === at);
        if (targeted.length > 0) level++;
        for (const location of targeted) if (this.#inherits(location, at)) add(file, location, at);
      }
      for (const file of files) {
        if (file.base.toLowerCase() !== at || !file.checked.root) continue;
        level++;
        add(file, file.checked.root, file.base);
        for (const location of locationsOf(file)) {
          if (isOwnLevel(location) && this.#inherits(location, at)) add(file, location, file.base);
        }
      }
    }
    const stamps = files.map(file => file.stamp);
    const places = layers.map(({ level: at, element }) => `${at} ${element.line}`);
    const key = [...stamps, ...places].join();
    return { files, layers, key };
  }

  /**
   * Says whether a location applies here. A location with inheritInChildApplications="false" does
   * not apply to applications below its own.
   */
  #inherits(location: XmlElement, target: string): boolean {
    const aboveUs = !target.startsWith(this.hierarchy.base.toLowerCase());
    return !aboveUs || location.attributes.inheritInChildApplications !== 'false';
  }

  /** Finds the web.config files below the application's folder, in the folders of a URL. */
  #filesBelow(url: string): ConfigFile[] {
    const { folder, base, iis } = this.hierarchy;
    const found: ConfigFile[] = [];
    let at = folder;
    let below = base;
    for (const segment of url.slice(base.length).split('/').slice(0, -1)) {
      const name = this.#folders.find(at, segment);
      if (name === undefined) break;
      at = path.join(at, name);
      below += `${segment}/`;
      const config = this.#folders.find(at, 'web.config');
      if (config === undefined) continue;
      const file = path.join(at, config);
      let known = this.#below.get(file);
      if (known?.stamp !== stampOf(file, known?.sources ?? [])) {
        known = readConfigFile(file, below, iis);
        this.#below.set(file, known);
      }
      found.push(known);
    }
    return found;
  }
}

/** Lists the folders of a URL, in lower case: '/', '/app/', '/app/sub/'. */
function levelsOf(url: string): string[] {
  const levels = ['/'];
  for (const segment of url.toLowerCase().split('/').filter(one => one !== '')) {
    levels.push(`${levels.at(-1)!}${segment}/`);
  }
  return levels;
}

function locationsOf({ checked: { root } }: ConfigFile): XmlElement[] {
  return root?.children.filter(child => child.name === 'location') ?? [];
}

function locksItsSections({ attributes: { overrideMode, allowOverride } }: XmlElement): boolean {
  return overrideMode === 'Deny' || allowOverride === 'false';
}

function targetOf({ base }: ConfigFile, location: XmlElement): string {
  const below = location.attributes.path!.replaceAll('\\', '/').replace(/^\/+|\/+$/g, '');
  return `${base}${below}/`.toLowerCase();
}

/** Reads a web.config with its sources. A file that does not exist counts as an empty file. */
function readConfigFile(file: string, base: string, iis: IisVersion): ConfigFile {
  let text = '<configuration />';
  let unreadable: ConfigProblem | undefined;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') {
      unreadable = {
        line: 0,
        element: '',
        message: `Cannot read configuration file: ${message}`,
        code: '0x80070005',
      };
    }
  }
  const checked = checkFile(text, iis);
  if (unreadable) checked.fatal.unshift(unreadable);
  const sources: string[] = [];
  for (const [element, name] of checked.sections) {
    if (element.attributes.configSource !== undefined) {
      sources.push(readSource(file, element, name, checked, iis));
    }
  }
  return { file, base, checked, sources, stamp: stampOf(file, sources) };
}

/**
 * Reads the file that configSource names into the section's element. The file must be in the folder
 * of the web.config or below (Microsoft, "Configuration include files").
 * @returns the path of the file
 */
function readSource(
  file: string, element: XmlElement, name: string, checked: CheckedFile, iis: IisVersion,
): string {
  const problems = checked.inSections.get(element)!;
  const given = element.attributes.configSource!;
  const relative = path.normalize(given.replaceAll('\\', '/'));
  const source = path.join(path.dirname(file), relative);
  const report = (message: string, code: string, line = element.line, where = file) => {
    problems.push({ file: where, line, element: name, message, code });
  };
  if (path.isAbsolute(relative) || /^[a-z]:/i.test(relative) || relative.startsWith('..')) {
    report(`configSource="${given}" is not in the folder of this file, nor below it`, '0x8007000d');
    return source;
  }
  try {
    const root = parseXml(readFileSync(source, 'utf8'));
    const last = name.slice(name.lastIndexOf('/') + 1);
    if (root.name !== last) {
      report(`Unrecognized element '${root.name}', not '${last}'`, '0x8007000d', root.line, source);
    }
    element.attributes = root.attributes;
    element.children = root.children;
    element.file = source;
    const inside = checkSection(element, name, iis);
    problems.push(...inside.map(problem => ({ ...problem, file: source })));
  } catch (error) {
    if (error instanceof XmlError) {
      const message = `Configuration file is not well-formed XML: ${error.reason}`;
      report(message, '0x8007000d', error.line, source);
    } else {
      report(`Cannot read configuration file ${source}`, '0x80070002');
    }
  }
  return source;
}

function stampOf(file: string, sources: string[]): string {
  let stamp = file;
  for (const one of [file, ...sources]) {
    const stat: Stats | undefined = statSync(one, { throwIfNoEntry: false });
    stamp += stat ? ` ${stat.mtimeMs} ${stat.size}` : ' none';
  }
  return stamp;
}
