/* Faults in IIS's own settings: request filtering, locks, logins, limits, and those of a parent. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { appPath, otherPath } from '../../support/template';
import { file, holdsLonger, letsParentIn, webConfig } from './config';
import type { FaultCase } from './fault';
import { answerWith, Front } from './front';

const FIRST = ['first request'];
const FILTERING = 'security/requestFiltering';

/** Makes the edits of a fault in request filtering. They add elements. */
const filter = (inside: string, xml: string) =>
  [webConfig(config => config.add(inside ? `${FILTERING}/${inside}` : FILTERING, xml))];
const filterBy = (inside: string, attributes: Record<string, string>) =>
  [webConfig(config => config.set(inside ? `${FILTERING}/${inside}` : FILTERING, attributes))];

export const ofFiltering: FaultCase[] = [
  {
    what: '404.5, a sequence in a URL',
    edits: filter('denyUrlSequences', '<add sequence="realtime" />'),
    fails: ['page'],
    cure: /^1\. web\.config line \d+, in <requestFiltering>: <denyUrlSequences><clear \/><\/denyUrlSeq/,
    says: /"realtime\.js" in a URL \(404\.5\)/,
  },
  {
    what: '404.6, a verb',
    edits: filter('verbs', '<add verb="POST" allowed="false" />'),
    fails: ['message, xhr-polling'],
    cure: /^1\. web\.config line \d+, .*: <verbs allowUnlisted="true"><clear \/><\/verbs>/,
    says: /refuses POST \(404\.6\)/,
  },
  {
    what: '404.6, the verb of preflights',
    edits: filter('verbs', '<add verb="OPTIONS" allowed="false" />'),
    fails: ['origins of pages'],
    cure: /^1\. web\.config line \d+, .*: <verbs allowUnlisted="true"><clear \/><\/verbs>/,
  },
  {
    what: '404.7, an extension',
    edits: filter('fileExtensions', '<add fileExtension=".css" allowed="false" />'),
    fails: ['page'],
    cure: /^1\. web\.config line \d+, .*: <fileExtensions allowUnlisted="true"><remove fileExtension="\.css"/,
  },
  {
    what: '404.7, every extension that is not listed',
    edits: filterBy('fileExtensions', { allowUnlisted: 'false' }),
    fails: FIRST,
    cure: /^1\. web\.config line \d+, .*: <fileExtensions allowUnlisted="true" \/>/,
  },
  {
    what: '404.8, a hidden segment',
    edits: filter('hiddenSegments', '<add segment="socket" />'),
    fails: ['page', 'handshake'],
    cure: /^1\. web\.config line \d+, .*: <hiddenSegments><remove segment="socket" \/>/,
    says: /the segment "socket" of a URL \(404\.8\)/,
  },
  {
    what: '404.10, a header',
    edits: filter('requestLimits/headerLimits', '<add header="Cookie" sizeLimit="1000" />'),
    fails: ['large headers'],
    cure: /^1\. web\.config line \d+, .*: <headerLimits><clear \/><\/headerLimits>/,
  },
  {
    what: '404.11, a plus sign',
    edits: [
      file('public/index.html', text => text.replace('own.js', 'own+more.js')),
    ],
    fails: ['page'],
    cure: /^1\. web\.config.*: <requestFiltering allowDoubleEscaping="true">/,
  },
  {
    what: '404.12, letters beyond ASCII',
    edits: filterBy('', { allowHighBitCharacters: 'false' }),
    fails: ['addresses'],
    cure: /^1\. web\.config line \d+, .*: <requestFiltering allowHighBitCharacters="true">/,
  },
  {
    what: '404.13, a body',
    edits: filterBy('requestLimits', { maxAllowedContentLength: '500000' }),
    fails: ['size of a message'],
    cure: /^1\. web\.config line \d+, .*: <requestLimits maxAllowedContentLength="1048576" \/>/,
    says: /1000000 bytes: status 404/,
  },
  {
    what: '404.14, a long URL',
    edits: filterBy('requestLimits', { maxUrl: '300' }),
    fails: ['addresses'],
    cure: /^1\. web\.config line \d+, .*: <requestLimits maxUrl="4096" \/>/,
  },
  {
    what: '404.15, a long query',
    edits: filterBy('requestLimits', { maxQueryString: '200' }),
    fails: ['addresses'],
    cure: /^1\. web\.config line \d+, .*: <requestLimits maxQueryString="2048" \/>/,
  },
  {
    what: '404.18, a sequence in a query',
    edits: filter('denyQueryStringSequences', '<add sequence="token" />'),
    fails: ['addresses'],
    cure: /^1\. web\.config line \d+, .*: <denyQueryStringSequences><clear \/>/,
  },
];

/** A front that answers with an error page of http.sys. */
const httpSys = (status: number, title: string) => ({
  request: (_req: IncomingMessage, res: ServerResponse) => answerWith(
    res, status, `<HTML><BODY><h2>${title}</h2><hr><p>HTTP Error ${status}.</p></BODY></HTML>`,
    { Server: 'Microsoft-HTTPAPI/2.0' },
  ),
});

/** A front that answers as IIS's modules for logins do. It refuses every request. */
const login = (wanted: string | undefined): Front => ({
  request: (_req, res) => answerWith(res, 401, '', wanted ? { 'WWW-Authenticate': wanted } : {}),
});

/**
 * Answers as iisnode does if node ends some time after each start: after 2 s, with a 500 of IIS
 * without a text.
 */
const slow500 = (_req: IncomingMessage, res: ServerResponse) => {
  setTimeout(() => answerWith(res, 500, '', { Server: 'Microsoft-IIS/7.5' }), 2000);
  return true;
};

export const ofIis: FaultCase[] = [
  {
    what: 'a node that ends at each start, which takes two seconds',
    front: { request: (req, res) => !/App_Data/.test(req.url!) && slow500(req, res) },
    fails: FIRST,
    cure: /^1\. on the server, .*: type C:\\inetpub\\\w+\\iisnode\\\*-stderr-\*\.txt/,
    says: /the process ended at its start/,
  },
  {
    what: 'a configuration that is not taken: each 500 comes at once',
    front: {
      request: (_req, res) => answerWith(res, 500, '', { Server: 'Microsoft-IIS/7.5' }),
    },
    fails: FIRST,
    cure: /^1\. here.*: npm run preview/,
    says: /does not take its configuration/,
  },
  {
    what: 'a Windows login',
    front: login('Negotiate, NTLM'),
    fails: FIRST,
    cure: /^1\. on the server, .*appcmd set config .*basicAuthentication \/enabled:true/,
    says: /Windows login[^]*--user/,
  },
  {
    what: 'a login by Basic authentication, without --user',
    front: login('Basic realm="server"'),
    fails: FIRST,
    cure: /^1\. here: npm run verify -- --user "DOMAIN\\name:password" http:\/\/localhost:\d+\//,
  },
  {
    what: 'a password that is wrong',
    front: login('Basic realm="server"'),
    options: { user: 'SERVER\\ada:wrong' },
    fails: FIRST,
    cure: /^1\. here: npm run verify -- --user/,
    says: /are not accepted/,
  },
  {
    what: 'neither a login nor visitors without one',
    front: login(undefined),
    fails: FIRST,
    cure: /^1\. on the server, .*anonymousAuthentication \/enabled:true/,
  },
  {
    what: 'a pool that is stopped',
    front: httpSys(503, 'Service Unavailable'),
    fails: FIRST,
    cure: /^1\. on the server, .*appcmd start apppool \/apppool\.name:\w+/,
  },
  {
    what: 'a host name that no site has',
    front: httpSys(400, 'Bad Request - Invalid Hostname'),
    fails: FIRST,
    cure: /^1\. on the server, .*appcmd set site .*bindings.*:localhost'\]/,
  },
  {
    what: 'headers that are larger than http.sys takes',
    front: {
      request: (req, res) => String(req.headers.cookie).length > 8000
        && httpSys(400, 'Bad Request - Request Too Long').request(req, res),
    },
    fails: ['large headers'],
    cure: /^1\. on the server, .*reg add HKLM.*MaxFieldLength/,
  },
  {
    what: 'a limit of IIS\'s for requests at once',
    edits: [holdsLonger],
    iis: { concurrentRequestLimit: 15 },
    options: { clients: 20 },
    fails: ['many polls at once'],
    cure: /^1\. on the server, .*serverRuntime \/appConcurrentRequestLimit:20000/,
  },
];

/** Makes the <system.webServer> of a parent. */
const above = (inside: string) => `<system.webServer>${inside}</system.webServer>`;

export const ofParents: FaultCase[] = [
  {
    what: 'a parent\'s APP_PATH',
    edits: [letsParentIn],
    parent: '<appSettings><add key="APP_PATH" value="/parent" /></appSettings>',
    iis: { app: otherPath },
    fails: FIRST,
    cure: /^1\. web\.config, in <appSettings>, in front: <clear \/>/,
    says: new RegExp(`and web\\.config, in <appSettings>: <add key="APP_PATH" value="${otherPath}" />`),
  },
  {
    what: 'a key of a parent\'s that is here, too',
    edits: [letsParentIn],
    parent: '<appSettings><add key="NODE_PENDING_PIPE_INSTANCES" value="100" /></appSettings>',
    fails: FIRST,
    cure: /^1\. web\.config, in <appSettings>, in front: <clear \/>/,
  },
  {
    what: 'a parent\'s setting that the server does not take',
    edits: [letsParentIn],
    parent: '<appSettings><add key="LOG_LEVEL" value="Trace" /></appSettings>',
    fails: FIRST,
    cure: /^1\. on the server, .*: type C:\\inetpub\\\w+\\iisnode\\\*-stderr-\*\.txt/,
    says: /or web\.config, in <appSettings>, in front: <clear \/>/,
  },
  {
    what: 'a parent\'s modules of ASP.NET',
    edits: [webConfig(config => config.drop('validation'))],
    parent: '<system.web><httpModules><add name="x" type="x" /></httpModules></system.web>',
    fails: FIRST,
    cure: /^1\. web\.config, .*: <validation validateIntegratedModeConfiguration="false" \/>/,
  },
  {
    what: 'a rule of a parent\'s that has the same name',
    edits: [letsParentIn],
    parent: above('<rewrite><rules><rule name="pages"><match url="^$" /><action type="None" />'
      + '</rule></rules></rewrite>'),
    fails: FIRST,
    cure: /^1\. web\.config, in <(rules|appSettings)>, in front: <clear \/>/,
    says: /in <rules>, in front: <clear \/>/,
  },
  {
    what: 'a parent\'s outbound rules',
    edits: [letsParentIn],
    parent: above('<rewrite><outboundRules><rule name="out"><match filterByTags="A" pattern="x" />'
      + '<action type="Rewrite" value="y" /></rule></outboundRules></rewrite>'),
    fails: ['page'],
    cure: /^1\. web\.config, in <rewrite>: <outboundRules><clear \/><\/outboundRules>/,
  },
  {
    what: 'a parent\'s redirect',
    edits: [letsParentIn],
    parent: above('<httpRedirect enabled="true" destination="http://new.example.com/" />'),
    fails: FIRST,
    cure: /^1\. web\.config, in <system\.webServer>: <httpRedirect enabled="false" \/>/,
  },
  {
    what: 'a parent\'s header for pages of every origin',
    edits: [letsParentIn],
    parent: above('<httpProtocol><customHeaders>'
      + '<add name="Access-Control-Allow-Origin" value="*" /></customHeaders></httpProtocol>'),
    fails: ['origins of pages'],
    cure: /^1\. web\.config, in <customHeaders>.*: <remove name="Access-Control-Allow-Origin" \/>/,
  },
  {
    what: 'a header of a parent\'s that is here, too',
    edits: [letsParentIn],
    parent: above('<httpProtocol><customHeaders><add name="X-Frame-Options" value="DENY" />'
      + '</customHeaders></httpProtocol>'),
    fails: FIRST,
    cure: /^1\. web\.config, before <add name="X-Frame-Options" …>: <remove name="X-Frame-Options" \/>/,
  },
  {
    what: 'handlers that a parent locks',
    parent: `<location path="${appPath.slice(1)}" overrideMode="Deny">${above('<handlers />')}`
      + '</location>',
    fails: FIRST,
    cure: /^1\. on the server, .*appcmd unlock config -section:system\.webServer\/handlers/,
  },
  {
    what: 'a parent\'s caching of scripts',
    edits: [letsParentIn],
    parent: above('<caching><profiles><add extension=".js" policy="CacheForTimePeriod" '
      + 'kernelCachePolicy="DontCache" duration="00:10:00" /></profiles></caching>'),
    fails: ['fresh answers'],
    cure: /^1\. web\.config, in <system\.webServer>: <caching enabled="false" \/>/,
  },
  {
    what: 'a parent that keeps no connections',
    edits: [letsParentIn],
    parent: above('<httpProtocol allowKeepAlive="false" />'),
    fails: ['held polls'],
    cure: /^1\. web\.config, in <system\.webServer>: <httpProtocol allowKeepAlive="true">/,
  },
  {
    what: 'a hidden segment of a parent\'s',
    parent: above('<security><requestFiltering><hiddenSegments><add segment="health" />'
      + '</hiddenSegments></requestFiltering></security>'),
    fails: ['health'],
    cure: /^1\. web\.config, in <requestFiltering>: <hiddenSegments><remove segment="health" \/>/,
  },
];
