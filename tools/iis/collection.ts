/* Reads the elements of a configuration. */
import type { XmlElement } from './xml';

/**
 * Finds the element at a path of names below another element.
 * @param path the path, such as 'requestLimits/headerLimits'
 */
export function find(element: XmlElement | undefined, path: string): XmlElement | undefined {
  let at = element;
  for (const name of path.split('/')) at = children(at, name)[0];
  return at;
}

/** @returns the children that have a name, in the order of the file */
export function children(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter(child => child.name === name) ?? [];
}

/**
 * Reads a boolean attribute.
 * @param byDefault the value of an attribute that is not set
 */
export function is(
  element: XmlElement | undefined, attribute: string, byDefault: boolean,
): boolean {
  const value = element?.attributes[attribute] ?? String(byDefault);
  return value.toLowerCase() === 'true';
}
