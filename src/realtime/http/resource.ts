/* Finds the requests that are for Socket.IO: the requests under its resource. serve.ts asks. */

/**
 * The path with which the requests of Socket.IO begin. IIS's rewrite rule ignores case, so this
 * class ignores case, too. Stock 0.9 compares only the beginning of the path, so stock 0.9 takes
 * /app/socket.html for its own. Here, the resource ends at the end of a segment of the path.
 */
export class Resource {
  private readonly under: RegExp;
  private readonly script: RegExp;
  private readonly usual: string;

  /** @param path the resource, with no slash at its end, such as /app/socket */
  constructor(private readonly path: string) {
    const escaped = path.replace(/[.~-]/g, '\\$&');
    this.under = new RegExp(`^${escaped}(?=[/?]|$)`, 'i');
    this.script = new RegExp(`^${escaped}/socket\\.io\\.js(?=[?]|$)`, 'i');
    this.usual = `${path}/1/`;
  }

  /** @returns whether a URL is under the resource, and is not the URL of the client script */
  has(url: string): boolean {
    // Nearly all URLs have this form. For them, the expressions would cost more than they are
    // worth.
    return url.startsWith(this.usual) || (this.under.test(url) && !this.script.test(url));
  }

  /** @returns the part of a URL after the resource, with the query string */
  rest(url: string): string {
    return url.slice(this.path.length);
  }
}
