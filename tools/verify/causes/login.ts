/* What wants a login before it lets anybody in. */
import { Answer, isHtml } from '../browser';
import { appcmd, Cure, cures, FOLDER, HERE, NAME, onServer, verifyAgain } from '../cures';
import { because, Cause, Scene } from '../result';

/** Whether a page asks for a password. */
export function isLogin(answer: Answer): boolean {
  return isHtml(answer) && /<input[^>]+type=["']?password/i.test(answer.text);
}

/** How to come in where a login stands before the application. */
export function logIn({ href }: URL): Cure {
  const line = `npm run verify -- --cookie "name=value" ${href}`;
  return { at: HERE, inside: 'with the cookies of a browser that has logged in', line };
}

/** What the addresses of logins have in them. */
const OF_LOGINS = /log-?[io]n|sign-?in|account|auth|\bsts\b|adfs/i;

/** A redirect: to a login, or httpRedirect of IIS. */
export function redirected({ headers, url }: Answer, { base }: Scene): Cause[] {
  const to = new URL(headers.location ?? '', url);
  const login = { why: `a login at ${to.host} is wanted first`, cures: [logIn(base)] };
  const moved = { why: `httpRedirect of IIS leads to ${to.host}`, cures: [cures.noRedirect] };
  return OF_LOGINS.test(to.host + to.pathname) ? [login, moved] : [moved, login];
}

/** 401: who asks for a login, and which. */
export function wantsLogin({ headers, url }: Answer, { browser }: Scene): Cause[] {
  const wanted = String(headers['www-authenticate'] ?? '');
  const again = verifyAgain(`--user "DOMAIN\\name:password" ${url.href}`);
  if (/\bBasic\b/i.test(wanted)) {
    const why = browser.entry.user === undefined
      ? 'IIS or a proxy asks for a name and a password (Basic authentication)'
      : 'the name and the password of --user are not accepted, or he may not read the folder';
    return because(why, again);
  }
  if (/\b(Negotiate|NTLM)\b/i.test(wanted)) {
    const basic = `set config "Default Web Site/${NAME}" /commit:apphost `
      + '-section:system.webServer/security/authentication/basicAuthentication /enabled:true';
    return because(
      'IIS asks for a Windows login (Negotiate, NTLM), which verify does not speak. Where HTTPS is '
      + 'there, switch Basic authentication on beside it, verify with --user, and switch it off',
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
