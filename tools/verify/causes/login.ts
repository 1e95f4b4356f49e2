/* Finds causes for an answer that asks for a login: IIS, a proxy, or a login page in front. */
import { Answer, isHtml } from '../browser';
import { appcmd, Cure, cures, FOLDER, HERE, NAME, onServer, verifyAgain } from '../cures';
import { because, Cause, Scene } from '../result';

/** Says whether a page asks for a password. */
export function isLogin(answer: Answer): boolean {
  return isHtml(answer) && /<input[^>]+type=["']?password/i.test(answer.text);
}

/** Makes the command that verifies an application behind a login page. */
export function logIn({ href }: URL): Cure {
  const line = `npm run verify -- --cookie "name=value" ${href}`;
  return { at: HERE, inside: 'with the cookies of a browser that has logged in', line };
}

/** The words by which the address of a login page is known. */
const OF_LOGINS = /log-?[io]n|sign-?in|account|auth|\bsts\b|adfs/i;

/** Lists the causes of a redirect: a login page, or <httpRedirect> of IIS. */
export function redirected({ headers, url }: Answer, { base }: Scene): Cause[] {
  const to = new URL(headers.location ?? '', url);
  const login = { why: `a login at ${to.host} is wanted first`, cures: [logIn(base)] };
  const moved = { why: `httpRedirect of IIS leads to ${to.host}`, cures: [cures.noRedirect] };
  return OF_LOGINS.test(to.host + to.pathname) ? [login, moved] : [moved, login];
}

/** Lists the causes of a 401, by the kind of login that the answer asks for. */
export function wantsLogin({ headers, url }: Answer, { browser }: Scene): Cause[] {
  const wanted = String(headers['www-authenticate'] ?? '');
  const again = verifyAgain(`--user "DOMAIN\\name:password" ${url.href}`);
  if (/\bBasic\b/i.test(wanted)) {
    const why = browser.access.user === undefined
      ? 'IIS or a proxy asks for a name and a password (Basic authentication)'
      : 'the name and password of --user are not accepted, or this user may not read the folder';
    return because(why, again);
  }
  if (/\b(Negotiate|NTLM)\b/i.test(wanted)) {
    const basic = `set config "Default Web Site/${NAME}" /commit:apphost `
      + '-section:system.webServer/security/authentication/basicAuthentication /enabled:true';
    return because(
      'IIS asks for a Windows login (Negotiate, NTLM), which verify cannot do. If the site has '
      + 'HTTPS, switch on Basic authentication too, verify with --user, and switch it off again',
      appcmd(basic), again,
    );
  }
  const anonymous = `set config "Default Web Site/${NAME}" /commit:apphost `
    + '-section:system.webServer/security/authentication/anonymousAuthentication /enabled:true';
  return [
    { why: 'IIS lets nobody in without a login, and offers none', cures: [appcmd(anonymous)] },
    {
      why: 'the account of visitors, IUSR, may not read the folder (401.3)',
      cures: [onServer(`icacls ${FOLDER} /grant "IUSR:(OI)(CI)RX"`)],
    },
  ];
}
