/* A page of the application's own address that may not connect. */
import type { Answer } from '../browser';
import { appSetting, nginx } from '../cures';
import { because, Cause, Scene } from '../result';

/** 403 in the words of src/realtime, to a page of the address that was asked. */
export async function ownOriginRefused(answer: Answer, { browser, base }: Scene): Promise<Cause[]> {
  const allowed = appSetting('ALLOWED_ORIGINS', base.origin);
  if (base.protocol === 'https:') {
    const plainHttp = base.origin.replace('https:', 'http:');
    const headers = { ...answer.asked.headers, Origin: plainHttp, Referer: undefined };
    const again = await browser.ask(answer.url, { ...answer.asked, headers }).catch(() => null);
    if (again?.status === 200) {
      return because(
        'a proxy ends HTTPS, and the server does not know of it', allowed,
        appSetting('TRUSTED_PROXIES', 'the proxy\'s address'),
        nginx('proxy_set_header X-Forwarded-Proto $scheme;'),
      );
    }
  }
  return because(
    'a proxy changes Host: the server does not know the address that it was called by', allowed,
    nginx('proxy_set_header Host $http_host;'),
  );
}
