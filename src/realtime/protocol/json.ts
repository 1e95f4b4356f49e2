/*
 * Makes the JSON of a client safe, before JSON.parse reads it. read.ts uses this file.
 *
 * `{"__proto__": …}` and `{"constructor": {"prototype": …}}` are ordinary keys to JSON.parse.
 * But a handler that copies such an object into another one changes the prototype of all objects.
 * So these keys are cut out of the text. A search in the value that JSON.parse returns would take
 * longer than JSON.parse itself. A reviver takes 3 to 6 times as long (node 12 and 20), and a walk
 * over all keys takes up to 60 ms for a megabyte of numbers as keys. One pass over the text takes 2
 * to 5 ms for a megabyte, and up to 30 ms for a megabyte of nothing but such keys.
 */

/**
 * The largest depth of a client's JSON. JSON.parse can read deeper JSON, but the stack overflows
 * when the value is written as JSON again.
 */
const DEEPEST = 200;

const BACKSLASH = 0x5c;
/**
 * Matches a text that may have the keys above: by their names, or by an escape that may be one of
 * their letters.
 */
const SUSPICIOUS = /__proto__|constructor|\\u/;

/**
 * Cuts the members that reach a prototype out of JSON. Such a member is cut out even if it is not
 * valid JSON, because nobody reads it. JSON.parse then checks the rest of the text, with all of its
 * brackets.
 * @returns the text without these members; null if the text is more than 200 levels deep
 */
export function withoutPrototypes(text: string): string | null {
  if (text.length <= DEEPEST && !SUSPICIOUS.test(text)) return text;
  const cuts = new Scan(text).cuts();
  if (cuts === null || cuts.length === 0) return cuts && text;
  let kept = '';
  let from = 0;
  for (let i = 0; i < cuts.length; i += 2) {
    kept += text.slice(from, cuts[i]);
    from = cuts[i + 1]!;
  }
  return kept + text.slice(from);
}

/** An object or array that is open, and its member that the scan has reached. */
class Level {
  isObject = false;
  /** Whether the next string is a key. */
  wantsKey = false;
  /** The position at which the member's key begins. */
  member = 0;
  /** The position of the comma before the member. */
  comma = 0;
  isConstructor = false;
  isToCut = false;
  /** Whether the object has a member that stays. */
  hasKept = false;
}

/** One pass over a text. The result is exact for JSON, and can be wrong for other texts. */
class Scan {
  private readonly levels: Level[] = [];
  private depth = 0;
  /** The positions at which each cut begins and ends, in turn, in the order of the text. */
  private readonly found: number[] = [];

  constructor(private readonly text: string) {}

  /**
   * @returns the positions at which each cut begins and ends, in turn; null if the text is too deep
   */
  cuts(): number[] | null {
    const { text } = this;
    for (let at = 0; at < text.length; at++) {
      switch (text.charCodeAt(at)) {
        case 0x22: at = this.onString(at); break; // "
        case 0x5b: case 0x7b: // [ {
          if (this.depth === DEEPEST) return null;
          this.open(text.charCodeAt(at) === 0x7b);
          break;
        case 0x2c: // ,
          if (this.depth > 0) this.onComma(at);
          break;
        case 0x5d: case 0x7d: // ] }
          if (this.depth > 0) this.close(at);
      }
    }
    return this.found;
  }

  /** @returns the position at which the string that begins at `start` ends */
  private onString(start: number): number {
    const { text } = this;
    let end = start + 1;
    for (; end < text.length; end++) {
      const letter = text.charCodeAt(end);
      if (letter === 0x22) break;
      if (letter === BACKSLASH) end += 1; // the backslash and the next letter are one escape
    }
    const level = this.levels[this.depth - 1];
    if (this.depth > 0 && level!.wantsKey) this.onKey(level!, start, end);
    return end;
  }

  private onKey(level: Level, start: number, end: number): void {
    level.wantsKey = false;
    level.member = start;
    if (end - start < 10) return; // the string is shorter than each of the names
    if (this.spells('__proto__', start, end)) level.isToCut = true;
    else if (this.spells('constructor', start, end)) level.isConstructor = true;
    else if (this.depth > 1) {
      const above = this.levels[this.depth - 2]!;
      if (above.isConstructor && this.spells('prototype', start, end)) above.isToCut = true;
    }
  }

  /** @returns whether the string between two quotes is this name. Its letters may be escapes */
  private spells(name: string, start: number, end: number): boolean {
    const { text } = this;
    let at = start + 1;
    for (let i = 0; i < name.length; i++) {
      let letter = text.charCodeAt(at);
      at += 1;
      if (letter === BACKSLASH) {
        if (text[at] !== 'u') return false;
        letter = parseInt(text.slice(at + 1, at + 5), 16);
        at += 5;
      }
      if (letter !== name.charCodeAt(i)) return false;
    }
    return at === end;
  }

  private open(isObject: boolean): void {
    const level = this.levels[this.depth] || (this.levels[this.depth] = new Level());
    this.depth += 1;
    level.isObject = level.wantsKey = isObject;
    level.isConstructor = level.isToCut = level.hasKept = false;
  }

  private onComma(at: number): void {
    const level = this.levels[this.depth - 1]!;
    if (!level.isObject) return;
    // A cut takes one comma with it: the comma before the member, if a member before it stays.
    // Otherwise the cut takes the comma behind the member.
    this.endMember(level, at, at + 1);
    level.wantsKey = true;
    level.comma = at;
    level.isConstructor = level.isToCut = false;
  }

  private close(at: number): void {
    const level = this.levels[this.depth - 1]!;
    if (level.isObject) this.endMember(level, at, at);
    this.depth -= 1;
  }

  private endMember(level: Level, at: number, afterComma: number): void {
    if (!level.isToCut) level.hasKept = true;
    else if (level.hasKept) this.cut(level.comma, at);
    else this.cut(level.member, afterComma);
  }

  private cut(from: number, to: number): void {
    const { found } = this;
    // The new cut replaces the cuts within it.
    while (found.length > 0 && found[found.length - 2]! >= from) found.length -= 2;
    if (found.length > 0 && found[found.length - 1] === from) found[found.length - 1] = to;
    else found.push(from, to);
  }
}
