import { resource } from '../../support/template';
import type { Part } from './requests';
import type { Answer } from './connection';
import { SLOTS } from './cases';

/**
 * The first slots have handshakes without a poll. The last slots have sessions whose messages are
 * numbered.
 */
const UNOPENED = 2;
const NUMBERED = 4;

/** How many sessions may be open besides those in the slots. Each handshake of a case opens one. */
const SPARE = 40;

/** The form of the answer to a handshake. */
const SESSION = /^([\w-]{20}):\d*:\d*:/;
/** An answer with this text tells a client to come back with a handshake. */
const COME_BACK = 'client not handshaken';

/**
 * The sessions that the sender has opened. The sender ends each of them, so that they hold no
 * memory of the server at the end.
 */
export class Sessions {
  private readonly slots = new Map<number, Promise<string>>();
  /** The number of the last message in each slot. */
  private readonly numbers = new Map<number, number>();
  private readonly open = new Set<string>();
  /** The sessions that are just opened. */
  private readonly opening = new Set<Promise<string>>();

  /**
   * @param request sends a request to the server
   * @param failed is called if the server opens no session
   */
  constructor(
    private readonly request: (method: string, path: string) => Promise<Answer | null>,
    private readonly failed: (what: string) => void,
  ) {}

  /** @returns the session of a slot, which is opened if the slot has none */
  get(slot: number): Promise<string> {
    const session = this.slots.get(slot) ?? this.begin(slot);
    this.slots.set(slot, session);
    return session;
  }

  /** @returns the number of the next message to the session of a slot */
  next(slot: number): number {
    const number = (this.numbers.get(slot) ?? 0) + 1;
    this.numbers.set(slot, number);
    return number;
  }

  /**
   * Reads the answer to a request. The answer may open a session, or may show that the session of
   * the slot is over.
   */
  async learn(slot: number, part: Part, answer: Answer): Promise<void> {
    const id = SESSION.exec(answer.body)?.[1];
    if (id) this.open.add(id);
    if (part.head.includes('{session}')) {
      const gone = part.head.includes('disconnect') || /(^|\ufffd)0::$/.test(answer.body) || (part.method === 'POST' && answer.status === 404);
      if (gone) this.slots.delete(slot);
      else if (answer.body.includes(COME_BACK)) this.slots.set(slot, this.begin(slot, await this.get(slot)));
    }
    if (this.open.size > SLOTS + SPARE) await this.end([...this.open].slice(0, SPARE / 2));
  }

  async endAll(): Promise<void> {
    while (this.opening.size + this.open.size > 0) {
      await Promise.all(this.opening);
      await this.end([...this.open]);
    }
    this.slots.clear();
  }

  private async end(ids: string[]): Promise<void> {
    for (const id of ids) this.open.delete(id);
    for (let at = 0; at < ids.length; at += 8) {
      await Promise.all(ids.slice(at, at + 8).map(id => this.request('GET', `${resource}/1/xhr-polling/${id}/?disconnect=1`)));
    }
  }

  /** Does the same as `make`. The slot may get another session before this one is open. */
  private begin(slot: number, older = ''): Promise<string> {
    const session = this.make(slot, older);
    this.opening.add(session);
    void session.finally(() => this.opening.delete(session));
    return session;
  }

  /**
   * Opens a session. If the slot has numbered messages, and the server still knows the older
   * session, goes on with the older one.
   */
  private async make(slot: number, older: string): Promise<string> {
    const numbered = slot >= SLOTS - NUMBERED;
    const answer = await this.request('GET', `${resource}/1/${numbered ? `?got=0&session=${older}` : ''}`);
    const id = SESSION.exec(answer?.body ?? '')?.[1];
    if (!id) {
      this.failed(`no session: ${answer?.status} ${answer?.body}`);
      this.slots.delete(slot);
      return 'none';
    }
    this.open.add(id);
    // The first poll opens a session. If the client comes back, the answer says which messages have
    // arrived.
    const first = slot >= UNOPENED && await this.request('GET', `${resource}/1/xhr-polling/${id}${numbered ? '?got=0' : ''}`);
    this.numbers.set(slot, first ? Number(/6:::(\d+)/.exec(first.body)?.[1] ?? 0) : 0);
    return id;
  }
}
