/*
 * Imitates <caching>: IIS stores the answers of a handler, and sends a stored answer again without
 * asking the handler. The extension of the handler's file chooses the profile. IIS also stores
 * answers of node (tjanczuk/iisnode 177). This file imitates only the cache in the worker process:
 * the cache of http.sys does not store answers to a URL that URL Rewrite has changed. IIS stores an
 * answer for each URL of a client, with its query string, although all these URLs lead to one file.
 * The reason is that URL Rewrite sets varyByHeader to HTTP_X_ORIGINAL_URL (its reference,
 * "Interaction with IIS Output Caching").
 */
import { statSync } from 'node:fs';
import path from 'node:path';
import type { Answer } from './bridge';
import { children, find, is } from './collection';
import type { Visit } from './visit';
import type { XmlElement } from './xml';

export interface CacheProfile {
  /** The time for which an answer is stored, ms. */
  duration: number;
  /** Whether an answer is stored until its file changes, without a limit of time. */
  untilChange: boolean;
  /** The query's parameters for whose values IIS stores an answer each. `*` stands for all. */
  query: string[];
  /** The names of the headers for whose values IIS stores an answer each. */
  headers: string[];
}

/** @returns the profile for a file's extension, such as '.js' */
export type Caching = (extension: string) => CacheProfile | undefined;

/** frequentHitThreshold: IIS stores an answer at the second request for it. */
const HITS = 2;
/** frequentHitTimePeriod: the time within which the two requests must come, ms. */
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

/** @param timeSpan '1.00:00:30' or '00:00:30'; the schema has checked the form */
function milliseconds(timeSpan: string): number {
  const [seconds = 0, minutes = 0, hours = 0, days = 0] =
    timeSpan.split(/[:.]/).map(Number).reverse();
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}

interface CacheEntry {
  /** The times of the last requests, ms. */
  hits: number[];
  /** The stored answer; undefined until the second request. */
  answer?: Answer;
  /** The time at which the answer expires, ms. */
  until: number;
  /** The time at which the file changed last, ms. */
  changed: number;
}

/** The answers that IIS has stored for an application. */
export class OutputCache {
  readonly #entries = new Map<string, CacheEntry>();

  clear(): void {
    this.#entries.clear();
  }

  /** @returns the stored answer to a request for a file; undefined if there is none */
  find(visit: Visit, file: string, profile: CacheProfile): Answer | undefined {
    const entry = this.#entries.get(keyOf(visit, profile));
    const isCurrent = entry && Date.now() <= entry.until && entry.changed === timeOfChange(file);
    return isCurrent ? entry.answer : undefined;
  }

  /** Counts a request for a file, and stores the answer if the profile says so. */
  add(visit: Visit, file: string, profile: CacheProfile, answer: Answer): void {
    if (answer.status !== 200 || answer.rest || answer.upgrade) return;
    const key = keyOf(visit, profile);
    const now = Date.now();
    const before = this.#entries.get(key)?.hits.filter(time => time > now - HIT_PERIOD) ?? [];
    const hits = [...before, now];
    this.#entries.set(key, {
      hits,
      answer: hits.length < HITS ? undefined : answer,
      until: profile.untilChange ? Infinity : now + profile.duration,
      changed: timeOfChange(file),
    });
  }
}

function keyOf({ path: url, query, originalUrl, req }: Visit, profile: CacheProfile): string {
  const parameters = Array.from(new URLSearchParams(query))
    .filter(([name]) => profile.query.includes('*') || profile.query.includes(name.toLowerCase()));
  const headers = profile.headers.map(name => String(req.headers[name] ?? ''));
  return JSON.stringify([url.toLowerCase(), originalUrl, parameters, headers]);
}

function timeOfChange(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Finds the profile for a request to a file's handler. IIS stores only answers to GET. */
export function profileOf(
  caching: Caching, { req }: Visit, file: string,
): CacheProfile | undefined {
  return req.method === 'GET' ? caching(path.extname(file)) : undefined;
}
