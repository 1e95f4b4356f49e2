/* Makes texts of a configuration in which one element, attribute or line is missing. */

/** The text of a file without one part. */
export interface Without {
  /** The path of the part: 'system.webServer/handlers/clear', 'system.webServer/handlers/add/@name'. */
  part: string;
  text: string;
}

interface Open {
  path: string;
  start: number;
}

/**
 * Takes out each element and each attribute of a web.config, one at a time. The names of two elements with
 * the same path differ by their first attribute: 'rules/rule[socket]'.
 */
export function withoutEach(text: string): Without[] {
  const bare = text.replace(/<!--[^]*?-->|<\?[^]*?\?>/g, comment => ' '.repeat(comment.length));
  const found: Without[] = [];
  const open: Open[] = [];
  for (const tag of bare.matchAll(/<(\/?)([\w.]+)((?:\s+[\w:]+="[^"]*")*)\s*(\/?)>/g)) {
    const [whole, closes, name, attributes, empty] = tag;
    const end = tag.index! + whole.length;
    if (closes) {
      const { path, start } = open.pop()!;
      found.push({ part: path, text: text.slice(0, start) + text.slice(end) });
      continue;
    }
    const parent = open.at(-1)?.path;
    const key = ['add', 'remove', 'rule'].includes(name!) && /="([^"]*)"/.exec(attributes!)?.[1];
    const own = key ? `${name}[${key}]` : name!;
    const path = parent ? `${parent}/${own}` : own;
    const from = tag.index! + 1 + name!.length;
    for (const attribute of attributes!.matchAll(/\s+([\w:]+)="[^"]*"/g)) {
      const at = from + attribute.index!;
      const gone = text.slice(0, at) + text.slice(at + attribute[0].length);
      found.push({ part: `${path}/@${attribute[1]}`, text: gone });
    }
    if (empty) found.push({ part: path, text: text.slice(0, tag.index) + text.slice(end) });
    else open.push({ path, start: tag.index! });
  }
  return found
    .filter(({ part }) => part !== 'configuration')
    .map(one => ({ ...one, part: one.part.replace(/^configuration\/(location\/(?!@))?/, '') }));
}

/** Takes out each setting of an iisnode.yml, one at a time. */
export function withoutEachLine(text: string): Without[] {
  const lines = text.split('\n');
  return lines.flatMap((line, at) => {
    const key = /^(\w+):/.exec(line)?.[1];
    return key ? [{ part: key, text: lines.filter((_, one) => one !== at).join('\n') }] : [];
  });
}
