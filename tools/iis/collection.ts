/* Functions that read the elements of a configuration. */
import type { XmlElement } from './xml';

/**
 * The element at a path of names below another element.
 * @param path 'requestLimits/headerLimits'
 */
export function find(element: XmlElement | undefined, path: string): XmlElement | undefined {
  let at = element;
  for (const name of path.split('/')) at = children(at, name)[0];
  return at;
}

/** The children that have a name, in the order of the file. */
export function children(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter(child => child.name === name) ?? [];
}

/**
 * The value of a boolean attribute.
 * @param byDefault the value where the attribute is not set
 */
export function is(
  element: XmlElement | undefined, attribute: string, byDefault: boolean,
): boolean {
  const value = element?.attributes[attribute] ?? String(byDefault);
  return value.toLowerCase() === 'true';
}
