/*
 * The statuses with which the stand-in answers in the place of IIS, URL Rewrite or iisnode, and the
 * titles of IIS's pages. docs/troubleshooting.md has a row for each status.
 */

const NOT_INTEGRATED =
  'An ASP.NET setting has been detected that does not apply in Integrated managed pipeline mode';
const URL_REWRITE = 'URL Rewrite Module Error';
const NODE = 'Internal Server Error';

/** The errors. IIS logs the sub-status, and shows it only to a browser on the server itself. */
const ERRORS = [
  ['400', 'Bad Request'],
  ['403.14', 'The Web server is configured to not list the contents of this directory'],
  ['404', 'Not Found'],
  ['404.3', 'The file has an extension that is not in the MIME map'],
  ['404.4', 'No handler is configured for this URL'],
  ['404.5', 'Request filtering: URL sequence denied'],
  ['404.6', 'Request filtering: verb denied'],
  ['404.7', 'Request filtering: file extension denied'],
  ['404.8', 'Request filtering: hidden segment'],
  ['404.10', 'Request filtering: request header too long'],
  ['404.11', 'Request filtering: double escape sequence'],
  ['404.12', 'Request filtering: high-bit characters'],
  ['404.13', 'Request filtering: content length too large'],
  ['404.14', 'Request filtering: URL too long'],
  ['404.15', 'Request filtering: query string too long'],
  ['404.18', 'Request filtering: query string sequence denied'],
  ['405', 'Method Not Allowed'],
  ['411', 'Length Required'],
  ['500.19', 'Internal Server Error'],
  ['500.21', 'The handler has a bad module in its module list'],
  ['500.22', NOT_INTEGRATED],
  ['500.23', NOT_INTEGRATED],
  ['500.24', NOT_INTEGRATED],
  ['500.50', URL_REWRITE],
  ['500.52', URL_REWRITE],
  ['500.53', URL_REWRITE],
  ['500.1000', NODE],
  ['500.1001', NODE],
  ['500.1002', NODE],
  ['500.1005', NODE],
  ['500.1008', NODE],
  ['500.1012', NODE],
  ['500.1013', NODE],
  ['500.1014', NODE],
  ['500.1016', NODE],
  ['501', 'Not Implemented'],
  ['503.2', 'Concurrent request limit exceeded'],
  ['503.1002', 'Service Unavailable'],
] as const;

export type Status = typeof ERRORS[number][0];

export const STATUSES: ReadonlyMap<string, string> = new Map(ERRORS);

/** The statuses of redirects, by their names in <httpRedirect> and in rules. */
export const REDIRECTS = {
  permanent: 301, found: 302, seeother: 303, temporary: 307, permredirect: 308,
};

/** Splits a status: '404.8' is [404, 8], '404' is [404, 0]. */
export function numbers(status: Status): [status: number, substatus: number] {
  const [code, substatus = 0] = status.split('.').map(Number);
  return [code!, substatus];
}
