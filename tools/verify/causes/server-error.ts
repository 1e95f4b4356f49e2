/* Finds the causes of a 500 or 503 of IIS or iisnode. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Answer, Browser, Request } from '../browser';
import { appcmd, cures, preview } from '../cures';
import { plain, subStatusOf, versionOf } from '../iis-errors';
import { letsParentsIn, localCauses, notDeployed, whatMayBeMissing } from '../local';
import { because, Cause, Scene } from '../result';

/** The causes of too many requests. The answers of IIS and iisnode look the same. */
export const TOO_MANY_REQUESTS: Cause[] = [
  {
    why: 'iisnode takes fewer requests at once (503.1002)',
    cures: [cures.concurrent, cures.configOverrides],
  },
  {
    why: 'IIS takes fewer requests at once (503.2)',
    cures: [appcmd('set config -section:system.webServer/serverRuntime '
      + '/appConcurrentRequestLimit:20000 /commit:apphost')],
  },
  { why: 'node takes no more connections at its pipe', cures: [cures.pendingPipes] },
];

/** The texts of iisnode's error pages with status 200. */
export const IISNODE_PAGE = /iisnode (module is unable|encountered an error|was unable to read)/i;

/** Lists the causes of an error page of iisnode with status 200. */
export function withStatus200(answer: Answer, { folder, entry }: Scene): Cause[] {
  const [local] = localCauses(folder, entry, versionOf(answer));
  const text = local?.why ?? plain(answer.text).slice(0, 300);
  const why = `iisnode answers its own errors with status 200; this one: ${text}`;
  return because(why, ...local?.cures ?? [], cures.devErrors, cures.devErrorsYml);
}

/** Lists the causes of a 500 or 503 whose page names the sub-status. */
export function told500(answer: Answer, scene: Scene): Cause[] | Promise<Cause[]> {
  switch (subStatusOf(answer)) {
    case '500.21':
      return because('the handler\'s module is not loaded', appcmd('list modules iisnode'));
    case '500.22': case '500.23': case '500.24': return because(
      'ASP.NET settings of a parent do not fit a pool in integrated mode', cures.validation,
    );
    case '500.50': case '500.52': case '500.53': return badRules(answer, scene);
    case '500.1013':
      return because('node cut the connection; the log says why', cures.log, cures.keepAlive);
    case '503.2': return TOO_MANY_REQUESTS.slice(1, 2);
    default: return silent500(answer, scene);
  }
}

function badRules(answer: Answer, { folder, entry }: Scene): Cause[] {
  const found = localCauses(folder, entry, versionOf(answer)).slice(0, 1);
  return found.length > 0 ? found : because('URL Rewrite cannot read its rules', preview());
}

/** Lists the causes of a 500 whose page does not name the sub-status. */
export async function silent500(answer: Answer, scene: Scene): Promise<Cause[]> {
  const { browser, folder, entry } = scene;
  const found = localCauses(folder, entry, versionOf(answer));
  if (found.length > 0) return found;
  // Outbound rules fail only at compressed answers (500.52). So the request is sent again without
  // Accept-Encoding.
  const headers = { ...answer.asked.headers, 'Accept-Encoding': undefined };
  const plainly = await browser.ask(answer.url, { ...answer.asked, headers, agent: undefined })
    .catch(() => null);
  if (plainly && plainly.status < 500) {
    return because(
      'outbound rules, of a parent perhaps, cannot change compressed answers (500.52)',
      cures.noOutboundRules,
    );
  }
  const log: Cause = {
    why: 'the process ended at its start, or cut the connection; the log says why',
    cures: [cures.log],
  };
  const others: Cause[] = [
    ...letsParentsIn(folder),
    { why: 'IIS, URL Rewrite or iisnode does not take its configuration', cures: [preview()] },
  ];
  const scripts = path.posix.dirname(entry);
  const noScripts = scripts === '.' ? [] : [notDeployed(`the folder ${scripts}`, entry)];
  const isHere = existsSync(path.join(folder, 'web.config'));
  if (isHere && !existsSync(path.join(folder, scripts))) return [...noScripts, ...others, log];
  const missing = whatMayBeMissing(folder, entry, versionOf(answer));
  // If the files name a program that may be missing, verify need not start the server many times.
  const started = missing.length > 0 || await startsProcess(answer, browser);
  return [...missing, ...started ? [log, ...others] : [...others, ...noScripts, log]];
}

/**
 * Says whether a 500 comes after a process was started, which takes a tenth of a second or more.
 * IIS answers an error in a configuration as fast as it answers any other refusal.
 */
async function startsProcess({ url, asked }: Answer, browser: Browser): Promise<boolean> {
  const time = async (of: URL, request: Request) =>
    (await browser.ask(of, request).catch(() => null))?.ms ?? Infinity;
  const refused: number[] = [];
  const failing: number[] = [];
  // The quickest answer of each kind counts, because the network or a busy server may delay the
  // others. One quick 500 shows that no process was started.
  const isSlow = () => Math.min(...failing) > 50 + 2 * Math.min(...refused);
  // If each 500 takes a second longer than the quickest refusal, the network is not the reason,
  // because the network would delay both kinds of answers.
  const isClear = () => Math.min(...failing) > 1000 + 10 * Math.min(...refused);
  for (let tries = 0; tries < 3 || (tries < 8 && isSlow() && !isClear()); tries += 1) {
    refused.push(await time(new URL('App_Data/', url), {}));
    failing.push(await time(url, { ...asked, agent: undefined }));
  }
  return isSlow();
}
