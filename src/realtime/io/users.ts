/*
 * Decides whether a client of public/realtime.js that comes back for its session is still the same
 * user. manager.ts asks.
 */
import { isDeepStrictEqual } from 'util';
import type { Handshake, SameUser } from '../api';
import type { Session } from '../session/session';
import { caught } from './handlers';

/** The part of the manager that Users needs. */
export interface UsersHost {
  readonly backplane: { readonly copies: boolean };
  get(setting: string): any;
  failed(what: string, error: unknown): void;
}

export class Users {
  constructor(private readonly host: UsersHost) {}

  /**
   * @returns whether a handshake is from the user of a session; false if the application's function
   * fails
   */
  isSame({ handshake: before }: Pick<Session, 'handshake'>, now: Handshake): boolean {
    const { host } = this;
    const decide = host.get('same user') as SameUser | false | undefined;
    try {
      if (!decide) return isEqual(before.user, now.user, host.backplane.copies);
      const decided: unknown = decide.call(host, before, now);
      caught(decided, error => host.failed('same user', error));
      return decided === true;
    } catch (error) {
      host.failed('same user', error);
      return false;
    }
  }
}

/** @param byJson whether one of the two values may be a copy that was JSON on its way */
function isEqual(before: unknown, now: unknown, byJson: boolean): boolean {
  if (isDeepStrictEqual(before, now)) return true;
  return byJson && isDeepStrictEqual(throughJson(before), throughJson(now));
}

function throughJson(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
