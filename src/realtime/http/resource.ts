/* Which requests are Socket.IO's: those under its resource. serve.ts asks. */

/**
 * The path that Socket.IO's requests begin with. IIS's rewrite rule does not look at case, so nor
 * does this. Stock 0.9 compares a prefix, and would take /app/socket.html for its own: here the
 * resource ends where a segment of the path does.
 */
export class Resource {
  private readonly under: RegExp;
  private readonly script: RegExp;
  private readonly usual: string;

  /** @param path with no slash at its end, such as /app/socket */
  constructor(private readonly path: string) {
    const escaped = path.replace(/[.~-]/g, '\\$&');
    this.under = new RegExp(`^${escaped}(?=[/?]|$)`, 'i');
    this.script = new RegExp(`^${escaped}/socket\\.io\\.js(?=[?]|$)`, 'i');
    this.usual = `${path}/1/`;
  }

  /** @returns whether a URL is under the resource, and not that of the client script */
  has(url: string): boolean {
    // Nearly all are of this form: it is not worth taking these apart.
    return url.startsWith(this.usual) || (this.under.test(url) && !this.script.test(url));
  }

  /** @returns what of a URL comes after the resource, with the query string */
  rest(url: string): string {
    return url.slice(this.path.length);
  }
}
