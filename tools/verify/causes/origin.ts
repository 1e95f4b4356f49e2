/* Finds the causes if a page of the application's own address may not connect. */
import type { Answer } from '../browser';
import { appSetting, nginx } from '../cures';
import { because, Cause, Scene } from '../result';

/** Lists the causes of the server's own 403 (src/realtime) for a page of the verified address. */
export async function ownOriginRefused(answer: Answer, { browser, base }: Scene): Promise<Cause[]> {
  const allowed = appSetting('ALLOWED_ORIGINS', base.origin);
  if (base.protocol === 'https:') {
    const plainHttp = base.origin.replace('https:', 'http:');
    const headers = { ...answer.asked.headers, Origin: plainHttp, Referer: undefined };
    const again = await browser.ask(answer.url, { ...answer.asked, headers }).catch(() => null);
    if (again?.status === 200) {
      return because(
        'a proxy ends HTTPS, and does not tell the server so', allowed,
        appSetting('TRUSTED_PROXIES', 'the proxy\'s address'),
        nginx('proxy_set_header X-Forwarded-Proto $scheme;'),
      );
    }
  }
  return because(
    'a proxy changes Host, so the server does not know the address that the browser used', allowed,
    nginx('proxy_set_header Host $http_host;'),
  );
}
