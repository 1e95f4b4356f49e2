/* Imitates <httpRedirect>, which redirects every URL of a folder. */
import { is } from './collection';
import { REDIRECTS } from './statuses';
import { joinUrl } from './url';
import type { XmlElement } from './xml';

/**
 * Finds the redirect for a URL.
 * @param base the URL of the application
 * @returns the status and the new URL; null if the URL is not redirected
 */
export type HttpRedirect = (
  path: string, query: string, base: string,
) => { status: number; url: string } | null;

export function readHttpRedirect(element: XmlElement | undefined): HttpRedirect {
  const destination = element?.attributes.destination ?? '';
  if (!element || !is(element, 'enabled', false) || destination === '') return () => null;
  const exact = is(element, 'exactDestination', false);
  const childOnly = is(element, 'childOnly', false);
  const given = (element.attributes.httpResponseStatus ?? 'Found').toLowerCase();
  const status = REDIRECTS[given as keyof typeof REDIRECTS];
  return (path, query, base) => {
    // The path counts from the folder that has the <httpRedirect>. This may be a folder above the
    // application.
    const relative = path.slice((element.base ?? base).length);
    if (childOnly && relative.includes('/')) return null;
    const whole = `${destination.replace(/\/$/, '')}/${relative}`;
    return { status, url: exact ? destination : joinUrl(whole, query) };
  };
}
