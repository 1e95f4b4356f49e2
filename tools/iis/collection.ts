/* Reading elements of a configuration. */
import type { XmlElement } from './xml';

/** The element at a path of names. */
export function find(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return name.split('/').reduce<XmlElement | undefined>((at, step) => children(at, step)[0], element);
}

/** The elements of a name, in order. */
export function children(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter(child => child.name === name) ?? [];
}

/** A boolean attribute. */
export function is(element: XmlElement | undefined, attribute: string, otherwise: boolean): boolean {
  return (element?.attributes[attribute] ?? String(otherwise)).toLowerCase() === 'true';
}
