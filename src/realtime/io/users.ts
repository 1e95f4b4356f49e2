/* Whose session it is when a client of public/realtime.js comes back for it: manager.ts asks. */
import { isDeepStrictEqual } from 'util';
import type { Handshake, SameUser } from '../api';
import type { Session } from '../session/session';
import { caught } from './handlers';

/** The manager, as far as this needs it. */
export interface UsersHost {
  readonly backplane: { readonly copies: boolean };
  get(setting: string): any;
  failed(what: string, error: unknown): void;
}

export class Users {
  constructor(private readonly host: UsersHost) {}

  /**
   * @returns whether a handshake is of the user whose session it is. Where that cannot be told, it
   * is not
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

/** @param byJson whether one of them may have been JSON on its way */
function isEqual(before: unknown, now: unknown, byJson: boolean): boolean {
  if (isDeepStrictEqual(before, now)) return true;
  return byJson && isDeepStrictEqual(throughJson(before), throughJson(now));
}

function throughJson(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
