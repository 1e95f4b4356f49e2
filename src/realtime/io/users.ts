/* Whose session it is, when a client of public/realtime.js comes back for it: manager.ts asks. */
import { isDeepStrictEqual } from 'util';
import type { Handshake, SameUser } from '../api';
import { caught } from './handlers';
import type { Session } from '../session/session';

/** What has the application's settings, and logs what it fails with. */
interface Settings {
  readonly backplane: { readonly copies: boolean };
  get(setting: string): any;
  failed(what: string, error: unknown): void;
}

export class Users {
  constructor(private readonly manager: Settings) {}

  /**
   * Whether a handshake is of the user whose session it is. Where that cannot be told, it is not.
   */
  isSame({ handshake: before }: Session, now: Handshake): boolean {
    const decide = this.manager.get('same user') as SameUser | false | undefined;
    try {
      if (!decide) return isEqual(before.user, now.user, this.manager.backplane.copies);
      const decided: unknown = decide.call(this.manager, before, now);
      caught(decided, error => this.manager.failed('same user', error));
      return decided === true;
    } catch (error) {
      this.manager.failed('same user', error);
      return false;
    }
  }
}

/** @param byJson whether one of them may have come from another process, as JSON */
function isEqual(before: unknown, now: unknown, byJson: boolean): boolean {
  return isDeepStrictEqual(before, now) ||
    (byJson && isDeepStrictEqual(throughJson(before), throughJson(now)));
}

function throughJson(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
