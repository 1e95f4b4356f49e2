/*
 * <caching>: IIS keeps what a handler has answered, by the extension of the handler's file, and
 * gives it again without asking. The answers of node are kept like any other (tjanczuk/iisnode
 * 177). This is the cache in the worker process; that of http.sys keeps nothing that a rule of URL
 * Rewrite has had a part in.
 */
import { statSync } from 'node:fs';
import path from 'node:path';
import type { Answer } from './bridge';
import { children, find, is } from './collection';
import type { Visit } from './visit';
import type { XmlElement } from './xml';

/** What a profile says of answers. */
export interface CacheProfile {
  /** How long an answer is kept, in ms. */
  duration: number;
  /** Whether it is kept until its file changes, however long that is. */
  untilChange: boolean;
  /** Names of the query string, and of headers, that make another answer; `*` for all. */
  query: string[];
  headers: string[];
}

/** The profile for a file's extension: '.js'. */
export type Caching = (extension: string) => CacheProfile | undefined;

/** An answer is kept from the second request on within 10 s (frequentHitThreshold). */
const HITS = 2;
const HIT_PERIOD = 10000;

export function readCaching(element: XmlElement | undefined): Caching {
  const profiles = new Map<string, CacheProfile>();
  for (const { attributes } of children(find(element, 'profiles'), 'add')) {
    const { extension, policy, location, duration, varyByQueryString, varyByHeaders } = attributes;
    const here = /^(Any|Server|ServerAndClient)$/.test(location ?? 'Server');
    if (!here || !/^Cache(UntilChange|ForTimePeriod)$/.test(policy ?? '')) continue;
    profiles.set((extension ?? '').toLowerCase(), {
      duration: milliseconds(duration ?? '00:00:30'),
      untilChange: policy === 'CacheUntilChange',
      query: names(varyByQueryString),
      headers: names(varyByHeaders),
    });
  }
  if (!is(element, 'enabled', true)) return () => undefined;
  return extension => profiles.get(extension.toLowerCase()) ?? profiles.get('*');
}

function names(list: string | undefined): string[] {
  return (list ?? '').split(/[;,]/).map(one => one.trim().toLowerCase()).filter(Boolean);
}

/** '1.00:00:30' or '00:00:30', which the schema has checked. */
function milliseconds(timeSpan: string): number {
  const [seconds = 0, minutes = 0, hours = 0, days = 0] =
    timeSpan.split(/[:.]/).map(Number).reverse();
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}

interface Kept {
  /** The times of the requests before the answer was kept. */
  hits: number[];
  answer?: Answer;
  until: number;
  changed: number;
}

/** The answers that an application has kept. */
export class OutputCache {
  readonly #kept = new Map<string, Kept>();

  clear(): void {
    this.#kept.clear();
  }

  /** @returns the kept answer to a request for a file, where there is one */
  find(visit: Visit, file: string, profile: CacheProfile): Answer | undefined {
    const kept = this.#kept.get(keyOf(visit, profile));
    const isCurrent = kept && Date.now() <= kept.until && kept.changed === changed(file);
    return isCurrent ? kept.answer : undefined;
  }

  /** Takes a new answer to a request for a file. */
  keep(visit: Visit, file: string, profile: CacheProfile, answer: Answer): void {
    if (answer.status !== 200 || answer.rest || answer.upgrade) return;
    const key = keyOf(visit, profile);
    const now = Date.now();
    const before = this.#kept.get(key)?.hits.filter(time => time > now - HIT_PERIOD) ?? [];
    const hits = [...before, now];
    const until = profile.untilChange ? Infinity : now + profile.duration;
    const kept = hits.length < HITS ? undefined : answer;
    this.#kept.set(key, { hits, answer: kept, until, changed: changed(file) });
  }
}

function keyOf({ path: url, query, req }: Visit, profile: CacheProfile): string {
  const parameters = Array.from(new URLSearchParams(query))
    .filter(([name]) => profile.query.includes('*') || profile.query.includes(name.toLowerCase()));
  const headers = profile.headers.map(name => String(req.headers[name] ?? ''));
  return JSON.stringify([url.toLowerCase(), parameters, headers]);
}

function changed(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** The profile for a request that a file's handler answers; only GET is kept. */
export function profileOf(
  caching: Caching, { req }: Visit, file: string,
): CacheProfile | undefined {
  return req.method === 'GET' ? caching(path.extname(file)) : undefined;
}
