/*
 * Reads and compares IP addresses and ranges of them. TRUSTED_PROXIES names such addresses, and
 * iisnode.ts compares them with those of requests.
 */
import { isIP } from 'net';

/**
 * The eight groups of an address, 16 bits each. An IPv4 address is ::ffff:a.b.c.d, as on a socket
 * of node that takes both versions.
 */
type Groups = number[];

/** All addresses that begin with the first `bits` bits of `groups`. */
interface Range {
  groups: Groups;
  bits: number;
}

/** A list of addresses and ranges. */
export class Addresses {
  private readonly ranges: Range[];

  /**
   * @param texts addresses and ranges, such as 10.1.2.3, 10.0.0.0/8, fd00::/8
   * @throws Error for a text that is neither
   */
  constructor(texts: string[]) {
    this.ranges = texts.map(text => {
      const range = readRange(text);
      if (!range) throw new Error(`${text} is not an address`);
      return range;
    });
  }

  /** @returns whether an address is in the list; false if the address cannot be read */
  includes(address: string): boolean {
    if (this.ranges.length === 0) return false;
    const groups = readGroups(address);
    return groups !== undefined && this.ranges.some(range => isIn(groups, range));
  }
}

/**
 * Reads an address, or a range: an address, a slash, and the number of bits that count.
 * @returns the range; undefined if the text is neither
 */
export function readRange(text: string): Range | undefined {
  const [, address, bits] = /^([^/]+)(?:\/([0-9]{1,3}))?$/.exec(text) || [];
  const groups = address === undefined ? undefined : readGroups(address);
  if (!groups) return undefined;
  const size = isIP(address!) === 4 ? 32 : 128;
  const given = bits === undefined ? size : Number(bits);
  return given <= size ? { groups, bits: 128 - size + given } : undefined;
}

/**
 * Reads an address. A zone, as in fe80::1%4, has a meaning only on its own computer, and is left
 * out.
 * @returns the groups; undefined if the text is no address
 */
function readGroups(text: string): Groups | undefined {
  // The longest address has 45 characters. isIP is quick, but not for a header of 16 KB.
  if (text.length > 100) return undefined;
  const address = text.split('%')[0]!;
  const version = isIP(address);
  if (version === 4) return [0, 0, 0, 0, 0, 0xffff, ...readDotted(address)];
  if (version !== 6) return undefined;
  const [head, tail] = address.split('::').map(readColons);
  if (!tail) return head;
  return [...head!, ...new Array<number>(8 - head!.length - tail.length).fill(0), ...tail];
}

/** @returns the groups of 12ab:34cd, or of 12ab:10.1.2.3 */
function readColons(text: string): Groups {
  if (text === '') return [];
  return text.split(':').reduce<Groups>((groups, part) => {
    return groups.concat(part.includes('.') ? readDotted(part) : parseInt(part, 16));
  }, []);
}

/** @returns the two groups of 10.1.2.3 */
function readDotted(text: string): Groups {
  const [a, b, c, d] = text.split('.').map(Number);
  return [a! * 256 + b!, c! * 256 + d!];
}

function isIn(address: Groups, { groups, bits }: Range): boolean {
  return groups.every((group, at) => {
    const counts = Math.min(16, Math.max(0, bits - at * 16));
    return group >> (16 - counts) === address[at]! >> (16 - counts);
  });
}
