// What Microsoft's own re-implementation of IIS URL Rewrite (dotnet/aspnetcore, src/Middleware/Rewrite) is tested with, as data, and
// what the module's documentation states outright. The stand-in is held to both: where they disagree, the module counts (`iis`).

/** What becomes of a request. */
export type Outcome =
  /** Path and query string that the next module sees; a whole URL where the rule rewrites to another server or scheme. */
  | { kind: 'rewrite'; url: string }
  /** `location` as the re-implementation sends it. IIS makes it absolute: compare both after resolving them against the request's URL. */
  | { kind: 'redirect'; status: number; location: string }
  | { kind: 'custom'; status: number; reason?: string; body?: string }
  | { kind: 'abort' }
  /** The rules leave the request as it is. */
  | { kind: 'none' }
  /** The request fails: status 500. */
  | { kind: 'error' };

/** One case: rules in, what comes out. */
export interface RewriteCase {
  what: string;
  /** The <rewrite> element, rules and maps. */
  rules: string;
  /** Scheme and host matter for the server variables. */
  url: string;
  /** Path of the application whose folder holds the rules; without it, the root of the site. */
  app?: string;
  method?: string;
  headers?: Record<string, string>;
  /** What exists, relative to the folder; directories end with '/'. */
  files?: string[];
  /** What the re-implementation does. */
  expect: Outcome;
  /** How the real module differs, in words. Without `iis`: what it does is not documented, or cannot be told here, so do not compare. */
  differs?: string;
  /** What the real module does. */
  iis?: Outcome;
}

/** One string with {…} in it, and what it comes to. */
export interface InputCase {
  what: string;
  input: string;
  /** Captures of the rule's pattern, the whole match first. */
  r?: string[];
  /** Captures of the conditions, the whole match first. */
  c?: string[];
  maps?: Record<string, Record<string, string>>;
  /** The request; http://example.com/ where it does not matter. */
  url?: string;
  method?: string;
  headers?: Record<string, string>;
  /** Server variables that the server itself gives, whatever the request says. */
  variables?: Record<string, string>;
  /** As a rule in <globalRules> sees it. */
  global?: boolean;
  /** What the re-implementation makes of it. */
  expect: string;
  /** As above: without `iis` do not compare. */
  differs?: string;
  /** What the real module makes of it. */
  iis?: string;
}

const GUID = '3f2504e0-4f89-11d3-9a0c-0305e82c3301';

export const REWRITE_CASES: RewriteCase[] = [
  {
    what: 'a redirect puts captured parts of the path into a query string',
    rules: `<rewrite><rules><rule name="article">
      <match url="^article/([0-9]+)/([_0-9a-z-]+)" />
      <action type="Redirect" url="article.aspx?id={R:1}&amp;title={R:2}" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/article/10/hey',
    expect: { kind: 'redirect', status: 301, location: '/article.aspx?id=10&title=hey' },
  },
  {
    what: 'a rewrite puts captured parts of the path into a query string',
    rules: `<rewrite><rules><rule name="article">
      <match url="^article/([0-9]+)/([_0-9a-z-]+)" />
      <action type="Rewrite" url="article.aspx?id={R:1}&amp;title={R:2}" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/article/10/hey',
    expect: { kind: 'rewrite', url: '/article.aspx?id=10&title=hey' },
  },
  {
    what: 'a condition builds its input from what the condition before it captured',
    rules: `<rewrite><rules><rule name="parameters">
      <match url="page\\.asp$" />
      <conditions>
        <add input="{QUERY_STRING}" pattern="p1=(\\d+)" />
        <add input="##{C:1}##_{QUERY_STRING}" pattern="##([^#]+)##_.*p2=(\\d+)" />
      </conditions>
      <action type="Rewrite" url="newpage.aspx?param1={C:1}&amp;param2={C:2}" appendQueryString="false" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/page.asp?p2=321&p1=123',
    expect: { kind: 'rewrite', url: '/newpage.aspx?param1=123&param2=321' },
  },
  {
    what: 'a case-sensitive pattern finds capitals, and the redirect is to lower case',
    rules: `<rewrite><rules><rule name="lower" stopProcessing="true">
      <match url=".*[A-Z].*" ignoreCase="false" />
      <action type="Redirect" url="{ToLower:{R:0}}" redirectType="Permanent" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/HElLo',
    expect: { kind: 'redirect', status: 301, location: '/hello' },
  },
  {
    what: 'a trailing slash goes where neither file nor directory exists',
    rules: `<rewrite><rules><rule name="no-slash" stopProcessing="true">
      <match url="(.*)/$" />
      <conditions>
        <add input="{REQUEST_FILENAME}" matchType="IsFile" negate="true" />
        <add input="{REQUEST_FILENAME}" matchType="IsDirectory" negate="true" />
      </conditions>
      <action type="Redirect" redirectType="Permanent" url="{R:1}" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/hey/hello/',
    expect: { kind: 'redirect', status: 301, location: '/hey/hello' },
  },
  {
    what: 'a trailing slash comes where neither file nor directory exists',
    rules: `<rewrite><rules><rule name="slash" stopProcessing="true">
      <match url="(.*[^/])$" />
      <conditions>
        <add input="{REQUEST_FILENAME}" matchType="IsFile" negate="true" />
        <add input="{REQUEST_FILENAME}" matchType="IsDirectory" negate="true" />
      </conditions>
      <action type="Redirect" redirectType="Permanent" url="{R:1}/" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/hey/hello',
    expect: { kind: 'redirect', status: 301, location: '/hey/hello/' },
  },
  {
    what: 'plain HTTP is redirected to HTTPS',
    rules: `<rewrite><rules><rule name="secure" stopProcessing="true">
      <match url="(.*)" />
      <conditions><add input="{HTTPS}" pattern="^OFF$" /></conditions>
      <action type="Redirect" url="https://{HTTP_HOST}/{R:1}" redirectType="Permanent" />
    </rule></rules></rewrite>`,
    url: 'http://example.com/',
    expect: { kind: 'redirect', status: 301, location: 'https://example.com/' },
  },
  {
    what: 'a rewrite changes the scheme',
    rules: `<rewrite><rules><rule name="secure" stopProcessing="true">
      <match url="(.*)" />
      <conditions><add input="{HTTPS}" pattern="^OFF$" /></conditions>
      <action type="Rewrite" url="https://{HTTP_HOST}/{R:1}" />
    </rule></rules></rewrite>`,
    url: 'http://example.com/',
    expect: { kind: 'rewrite', url: 'https://example.com/' },
    differs: 'IIS passes a whole URL to Application Request Routing; where that is not installed and enabled, the answer is 404.',
    iis: { kind: 'rewrite', url: 'https://example.com/' },
  },
  {
    what: 'a rewrite changes the host',
    rules: `<rewrite><rules><rule name="proxy">
      <match url="(.*)" />
      <action type="Rewrite" url="http://internalserver/{R:1}" />
    </rule></rules></rewrite>`,
    url: 'http://example.com/',
    expect: { kind: 'rewrite', url: 'http://internalserver/' },
    differs: 'IIS passes a whole URL to Application Request Routing; where that is not installed and enabled, the answer is 404.',
    iis: { kind: 'rewrite', url: 'http://internalserver/' },
  },
  {
    what: 'a redirect to nothing is a redirect to the root',
    rules: `<rewrite><rules><rule name="empty">
      <match url="(.*)" />
      <action type="Redirect" url="{R:1}" />
    </rule></rules></rewrite>`,
    url: 'http://example.com/',
    expect: { kind: 'redirect', status: 301, location: '/' },
    differs: 'The re-implementation sends the header alone and leaves the status as it was; only the header is in its test.',
    iis: { kind: 'redirect', status: 301, location: '/' },
  },
  {
    what: 'a rewrite to nothing is a rewrite to the root',
    rules: `<rewrite><rules><rule name="empty">
      <match url="(.*)" />
      <action type="Rewrite" url="{R:1}" />
    </rule></rules></rewrite>`,
    url: 'http://example.com/',
    expect: { kind: 'rewrite', url: '/' },
  },
  {
    what: 'a redirect to nothing stays inside the application',
    rules: `<rewrite><rules><rule name="empty">
      <match url="(.*)" />
      <action type="Redirect" url="{R:1}" />
    </rule></rules></rewrite>`,
    url: 'http://localhost:5000/foo',
    app: '/foo',
    expect: { kind: 'redirect', status: 301, location: '/foo' },
    differs: 'The re-implementation sends the header alone and leaves the status as it was. Whether IIS adds the slash, /foo/, is not documented.',
  },
  ...['IsFile', 'isfile', 'IsDirectory', 'isdirectory'].map((matchType): RewriteCase => ({
    what: `matchType is understood as ${matchType}`,
    rules: `<rewrite><rules><rule name="slash">
      <match url="(.*[^/])$" />
      <conditions><add input="{REQUEST_FILENAME}" matchType="${matchType}" negate="true" /></conditions>
      <action type="Redirect" url="{R:1}/" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/hey/hello',
    expect: { kind: 'redirect', status: 301, location: '/hey/hello/' },
  })),
  {
    what: 'with trackAllCaptures the captures of both conditions are there',
    rules: `<rewrite><rules><rule name="tracked">
      <match url="(.*)" ignoreCase="false" />
      <conditions trackAllCaptures="true">
        <add input="{REQUEST_URI}" pattern="^/([a-zA-Z]+)/([0-9]+)$" />
        <add input="{QUERY_STRING}" pattern="p2=([a-z]+)" />
      </conditions>
      <action type="Redirect" url="blogposts/{C:1}/{C:4}" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/article/23?p1=123&p2=abc',
    expect: { kind: 'redirect', status: 301, location: '/blogposts/article/abc?p1=123&p2=abc' },
    differs: 'In IIS {REQUEST_URI} has the query string, so the first condition fails; and the second condition adds its groups only, {C:3} where this has {C:4}. Before ASP.NET Core 5 the query string was not appended.',
    iis: { kind: 'none' },
  },
  {
    what: 'a redirect uses captures of the rule and of its conditions',
    rules: `<rewrite><rules><rule name="tracked">
      <match url="(.*)" ignoreCase="false" />
      <conditions trackAllCaptures="true">
        <add input="{REQUEST_URI}" pattern="^/([a-zA-Z]+)/([0-9]+)$" />
        <add input="{QUERY_STRING}" pattern="p2=([a-z]+)" />
      </conditions>
      <action type="Redirect" url="blog/{R:0}/{C:4}" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/article/23?p1=123&p2=abc',
    expect: { kind: 'redirect', status: 301, location: '/blog/article/23/abc?p1=123&p2=abc' },
    differs: 'In IIS {REQUEST_URI} has the query string, so the first condition fails; and the second condition adds its groups only, {C:3} where this has {C:4}. Before ASP.NET Core 5 the query string was not appended.',
    iis: { kind: 'none' },
  },
  {
    what: 'a back-reference beyond what was captured fails the request',
    rules: `<rewrite><rules><rule name="tracked">
      <match url="(.*)" ignoreCase="false" />
      <conditions trackAllCaptures="true">
        <add input="{REQUEST_URI}" pattern="^/([a-zA-Z]+)/([0-9]+)$" />
        <add input="{QUERY_STRING}" pattern="p2=([a-z]+)" />
      </conditions>
      <action type="Redirect" url="blog/{R:0}/{C:9}" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/article/23?p1=123&p2=abc',
    expect: { kind: 'error' },
    differs: 'In IIS {REQUEST_URI} has the query string, so the first condition fails and the rule does nothing.',
    iis: { kind: 'none' },
  },
  {
    what: 'a global rule sees the whole URL in {REQUEST_URI}',
    rules: `<rewrite><globalRules><rule name="tenant" patternSyntax="ECMAScript" stopProcessing="true">
      <match url=".*" />
      <conditions logicalGrouping="MatchAll" trackAllCaptures="false">
        <add input="{REQUEST_URI}" pattern="^http://localhost/([0-9a-fA-F]{8}\\-[0-9a-fA-F]{4}\\-[0-9a-fA-F]{4}\\-[0-9a-fA-F]{4}\\-[0-9a-fA-F]{12})(/.*)" />
      </conditions>
      <action type="Rewrite" url="http://www.test.com{C:2}" />
    </rule></globalRules></rewrite>`,
    url: `http://localhost/${GUID}/foo/bar`,
    expect: { kind: 'rewrite', url: 'http://www.test.com/foo/bar' },
    differs: 'In IIS {REQUEST_URI} never has scheme and host, and global rules stand in applicationHost.config only.',
    iis: { kind: 'none' },
  },
  {
    what: 'a rewrite map finds the server for the first segment of the path',
    rules: `<rewrite>
      <rules><rule name="proxy">
        <match url="([^/]*)(/?.*)" />
        <conditions><add input="{environmentMap:{R:1}}" pattern="(.+)" /></conditions>
        <action type="Rewrite" url="http://{C:1}{R:2}" appendQueryString="true" />
      </rule></rules>
      <rewriteMaps><rewriteMap name="environmentMap"><add key="dev" value="1.1.1.1" /></rewriteMap></rewriteMaps>
    </rewrite>`,
    url: 'http://fetch.environment.local/dev/path',
    expect: { kind: 'rewrite', url: 'http://1.1.1.1/path' },
  },
  {
    what: 'a key that the rewrite map does not have gives nothing, so the condition fails',
    rules: `<rewrite>
      <rules><rule name="proxy">
        <match url="([^/]*)(/?.*)" />
        <conditions><add input="{environmentMap:{R:1}}" pattern="(.+)" /></conditions>
        <action type="Rewrite" url="http://{C:1}{R:2}" appendQueryString="true" />
      </rule></rules>
      <rewriteMaps><rewriteMap name="environmentMap"><add key="dev" value="1.1.1.1" /></rewriteMap></rewriteMaps>
    </rewrite>`,
    url: 'http://fetch.environment.local/qa/path',
    expect: { kind: 'none' },
  },
  {
    what: 'a custom response has status, reason and body',
    rules: `<rewrite><rules><rule name="refuse">
      <match url=".*" />
      <action type="CustomResponse" statusCode="403" statusReason="reason" statusDescription="description" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/article/10/hey',
    expect: { kind: 'custom', status: 403, reason: 'reason', body: 'description' },
  },
  {
    what: 'a rule of a site does not see scheme and host in {REQUEST_URI}',
    rules: `<rewrite><rules><rule name="whole" stopProcessing="true">
      <match url=".*" />
      <conditions logicalGrouping="MatchAll" trackAllCaptures="true">
        <add input="{REQUEST_URI}" pattern="^http://localhost(/.*)" />
      </conditions>
      <action type="Rewrite" url="http://www.test.com{C:1}" appendQueryString="false" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/foo/bar',
    expect: { kind: 'none' },
  },
  {
    what: 'a global rule captures the path from the whole URL',
    rules: `<rewrite><globalRules><rule name="whole" stopProcessing="true">
      <match url=".*" />
      <conditions logicalGrouping="MatchAll" trackAllCaptures="true">
        <add input="{REQUEST_URI}" pattern="^http://localhost(/.*)" />
      </conditions>
      <action type="Rewrite" url="http://www.test.com{C:1}" appendQueryString="false" />
    </rule></globalRules></rewrite>`,
    url: 'http://localhost/foo/bar',
    expect: { kind: 'rewrite', url: 'http://www.test.com/foo/bar' },
    differs: 'In IIS {REQUEST_URI} never has scheme and host, and global rules stand in applicationHost.config only.',
    iis: { kind: 'none' },
  },
  {
    what: 'stopProcessing ends the rules even where the action is None',
    rules: `<rewrite><rules>
      <rule name="stop" stopProcessing="true"><match url="(.*)" /><action type="None" /></rule>
      <rule name="next"><match url="(.*)" /><action type="Rewrite" url="next" /></rule>
    </rules></rewrite>`,
    url: 'http://localhost/page',
    expect: { kind: 'none' },
  },
  {
    what: 'without stopProcessing the rules go on after the action None',
    rules: `<rewrite><rules>
      <rule name="pass"><match url="(.*)" ignoreCase="false" /><action type="None" /></rule>
      <rule name="next"><match url="(.*)" /><action type="Rewrite" url="next" /></rule>
    </rules></rewrite>`,
    url: 'http://localhost/page',
    expect: { kind: 'rewrite', url: '/next' },
  },
  {
    what: 'a rule whose condition fails lets the rules go on',
    rules: `<rewrite><rules>
      <rule name="tracked">
        <match url="(.*)" ignoreCase="false" />
        <conditions trackAllCaptures="true"><add input="{REQUEST_URI}" pattern="^/([a-zA-Z]+)/([0-9]+)/$" /></conditions>
        <action type="None" />
      </rule>
      <rule name="next"><match url="(.*)" /><action type="Rewrite" url="next" /></rule>
    </rules></rewrite>`,
    url: 'http://localhost/',
    expect: { kind: 'rewrite', url: '/next' },
  },
  {
    what: 'a rule with one condition that holds is applied',
    rules: `<rewrite><rules><rule name="article">
      <match url="^article/([0-9]+)/([_0-9a-z-]+)" />
      <conditions><add input="{HTTPS}" pattern="^OFF$" /></conditions>
      <action type="Rewrite" url="article.aspx?id={R:1}&amp;title={R:2}" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/article/10/hey',
    expect: { kind: 'rewrite', url: '/article.aspx?id=10&title=hey' },
  },
  {
    what: 'a rule with one condition that does not hold is not applied',
    rules: `<rewrite><rules><rule name="article">
      <match url="^article/([0-9]+)/([_0-9a-z-]+)" />
      <conditions><add input="{HTTPS}" pattern="^OFF$" /></conditions>
      <action type="Rewrite" url="article.aspx?id={R:1}&amp;title={R:2}" />
    </rule></rules></rewrite>`,
    url: 'https://localhost/article/10/hey',
    expect: { kind: 'none' },
  },
  {
    what: 'a second rule sees the URL that the first one made',
    rules: `<rewrite><rules>
      <rule name="first">
        <match url="^article/([0-9]+)/([_0-9a-z-]+)" />
        <conditions><add input="{HTTPS}" pattern="^OFF$" /></conditions>
        <action type="Rewrite" url="article.aspx?id={R:1}&amp;title={R:2}" />
      </rule>
      <rule name="second">
        <match url="^article/([0-9]+)/([_0-9a-z-]+)" />
        <conditions><add input="{HTTPS}" pattern="^OFF$" /></conditions>
        <action type="Rewrite" url="article.aspx?id={R:1}&amp;title={R:2}" />
      </rule>
    </rules></rewrite>`,
    url: 'http://localhost/article/10/hey',
    expect: { kind: 'rewrite', url: '/article.aspx?id=10&title=hey' },
  },
  {
    what: 'global rules come before those of the site',
    rules: `<rewrite>
      <globalRules><rule name="secure" patternSyntax="ECMAScript" stopProcessing="true">
        <match url=".*" />
        <conditions logicalGrouping="MatchAll" trackAllCaptures="false"><add input="{HTTPS}" pattern="off" /></conditions>
        <action type="Redirect" url="https://{HTTP_HOST}{REQUEST_URI}" />
      </rule></globalRules>
      <rules><rule name="article">
        <match url="^article/([0-9]+)/([_0-9a-z-]+)" />
        <action type="Rewrite" url="article.aspx?id={R:1}&amp;title={R:2}" />
      </rule></rules>
    </rewrite>`,
    url: 'http://localhost/article/10/hey',
    expect: { kind: 'redirect', status: 301, location: 'https://localhost/article/10/hey' },
    differs: 'The test looks at the order of the rules only: run, the re-implementation would put the whole URL in place of {REQUEST_URI}. In a web.config IIS refuses <globalRules>.',
  },
  {
    what: 'an empty list of conditions counts as none',
    rules: `<rewrite><rules><rule name="moved" enabled="true" stopProcessing="true">
      <match url="^aspnet/Mvc" />
      <conditions logicalGrouping="MatchAll" trackAllCaptures="false" />
      <action type="Redirect" url="https://github.com/dotnet/aspnetcore" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/aspnet/Mvc',
    expect: { kind: 'redirect', status: 301, location: 'https://github.com/dotnet/aspnetcore' },
  },
  {
    what: 'ExactMatch takes the very same path',
    rules: `<rewrite><rules><rule name="exact" patternSyntax="ExactMatch">
      <match url="string" ignoreCase="true" /><action type="Rewrite" url="hit" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/string',
    expect: { kind: 'rewrite', url: '/hit' },
  },
  {
    what: 'ExactMatch with negate leaves the very same path alone',
    rules: `<rewrite><rules><rule name="exact" patternSyntax="ExactMatch">
      <match url="string" ignoreCase="true" negate="true" /><action type="Rewrite" url="hit" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/string',
    expect: { kind: 'none' },
  },
  {
    what: 'ExactMatch without ignoreCase tells capitals apart',
    rules: `<rewrite><rules><rule name="exact" patternSyntax="ExactMatch">
      <match url="STRING" ignoreCase="false" /><action type="Rewrite" url="hit" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/string',
    expect: { kind: 'none' },
  },
  {
    what: 'ExactMatch with negate and without ignoreCase takes the path in other letters',
    rules: `<rewrite><rules><rule name="exact" patternSyntax="ExactMatch">
      <match url="STRING" ignoreCase="false" negate="true" /><action type="Rewrite" url="hit" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/string',
    expect: { kind: 'rewrite', url: '/hit' },
  },
  {
    what: 'a redirect whose URL has no query string gets that of the request',
    rules: `<rewrite><rules><rule name="contact" stopProcessing="true">
      <match url="^about" />
      <action type="Redirect" url="/contact" redirectType="Temporary" appendQueryString="true" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/about?id=1',
    expect: { kind: 'redirect', status: 307, location: '/contact?id=1' },
  },
  {
    what: 'a rewrite map is asked with path and query string',
    rules: `<rewrite>
      <rules><rule name="mapped" stopProcessing="true">
        <match url=".*" />
        <conditions logicalGrouping="MatchAll"><add input="{Moved:{REQUEST_URI}}" pattern="(.+)" /></conditions>
        <action type="Redirect" url="{C:1}" appendQueryString="false" redirectType="Permanent" />
      </rule></rules>
      <rewriteMaps><rewriteMap name="Moved" defaultValue="">
        <add key="/url/with/querystring.html?a=b" value="/other/url.html" />
      </rewriteMap></rewriteMaps>
    </rewrite>`,
    url: 'http://localhost/url/with/querystring.html?a=b',
    expect: { kind: 'none' },
    differs: 'Reported as dotnet/aspnetcore issue 6004: the re-implementation leaves the query string out of {REQUEST_URI}, IIS does not.',
    iis: { kind: 'redirect', status: 301, location: '/other/url.html' },
  },
];

const REWRITES = `<rewrite>
  <rewriteMaps><rewriteMap name="Short" defaultValue="">
    <add key="/diagnostic" value="/default.aspx?tabid=2&amp;subtabid=29" />
    <add key="/webcasts" value="/default.aspx?tabid=2&amp;subtabid=24" />
    <add key="/php" value="/default.aspx?tabid=7116" />
  </rewriteMap></rewriteMaps>
  <rules><rule name="short">
    <match url=".*" />
    <conditions><add input="{Short:{REQUEST_URI}}" pattern="(.+)" /></conditions>
    <action type="Rewrite" url="{C:1}" />
  </rule></rules>
</rewrite>`;

const REDIRECTS = `<rewrite>
  <rewriteMaps><rewriteMap name="Long" defaultValue="">
    <add key="/default.aspx?tabid=2&amp;subtabid=29" value="/diagnostics" />
    <add key="/default.aspx?tabid=2&amp;subtabid=24" value="/webcasts" />
    <add key="/default.aspx?tabid=7116" value="/php" />
  </rewriteMap></rewriteMaps>
  <rules><rule name="long">
    <match url=".*" />
    <conditions><add input="{Long:{REQUEST_URI}}" pattern="(.+)" /></conditions>
    <action type="Redirect" url="http://www.contoso.com{C:1}" appendQueryString="false" redirectType="Permanent" />
  </rule></rules>
</rewrite>`;

/**
 * What Microsoft says of the module itself: its configuration references (1 and 2.0), walkthroughs, and its developers' blogs and answers.
 * Query strings are kept out where the source is silent on them. The 2.0 reference explains trackAllCaptures with a {REQUEST_URI} that has
 * no query string, against reference 1: {URL} stands in its place here.
 */
export const DOCUMENTED_CASES: RewriteCase[] = [
  ...([
    ['/diagnostic', '/default.aspx?tabid=2&subtabid=29'],
    ['/webcasts', '/default.aspx?tabid=2&subtabid=24'],
    ['/php', '/default.aspx?tabid=7116'],
  ] as const).map(([from, to]): RewriteCase => ({
    what: `a rewrite map turns ${from} into a URL with a query string`,
    rules: REWRITES,
    url: `http://www.contoso.com${from}`,
    expect: { kind: 'rewrite', url: to },
  })),
  {
    what: 'a URL that is no key of the map is not rewritten',
    rules: REWRITES,
    url: 'http://www.contoso.com/default.aspx',
    expect: { kind: 'none' },
  },
  ...([
    ['/default.aspx?tabid=2&subtabid=29', '/diagnostics'],
    ['/default.aspx?tabid=2&subtabid=24', '/webcasts'],
    ['/default.aspx?tabid=7116', '/php'],
  ] as const).map(([from, to]): RewriteCase => ({
    what: `a rewrite map redirects ${from}`,
    rules: REDIRECTS,
    url: `http://www.contoso.com${from}`,
    expect: { kind: 'redirect', status: 301, location: `http://www.contoso.com${to}` },
  })),
  {
    what: 'a URL that is no key of the map is not redirected',
    rules: REDIRECTS,
    url: 'http://www.contoso.com/default.aspx',
    expect: { kind: 'none' },
  },
  {
    what: 'each * of a wildcard pattern captures',
    rules: `<rewrite><rules><rule name="wild" patternSyntax="Wildcard">
      <match url="*/*.html" /><action type="Rewrite" url="page?a={R:1}&amp;b={R:2}" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/contoso/test.html',
    expect: { kind: 'rewrite', url: '/page?a=contoso&b=test' },
  },
  {
    what: 'R:0 of a wildcard pattern is the whole path',
    rules: `<rewrite><rules><rule name="wild" patternSyntax="Wildcard">
      <match url="*bar*.aspx" /><action type="Rewrite" url="page?all={R:0}&amp;a={R:1}&amp;b={R:2}" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/foobargoo.aspx',
    expect: { kind: 'rewrite', url: '/page?all=foobargoo.aspx&a=foo&b=goo' },
  },
  {
    what: 'a wildcard pattern must match the whole path',
    rules: `<rewrite><rules><rule name="wild" patternSyntax="Wildcard">
      <match url="blog" /><action type="Rewrite" url="page" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/blogger',
    expect: { kind: 'none' },
  },
  {
    what: 'a regular expression matches anywhere in the path',
    rules: `<rewrite><rules><rule name="part">
      <match url="blog" /><action type="Rewrite" url="page" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/demo/blog',
    expect: { kind: 'rewrite', url: '/page' },
  },
  {
    what: 'a question mark of a wildcard pattern is one character and captures nothing',
    rules: `<rewrite><rules><rule name="wild" patternSyntax="Wildcard">
      <match url="Scripts/*_in.???" /><action type="Rewrite" url="page?a={R:1}" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/scripts/log_in.asp',
    expect: { kind: 'rewrite', url: '/page?a=log' },
  },
  {
    what: 'digits and letters captured by a regular expression',
    rules: `<rewrite><rules><rule name="regular">
      <match url="([0-9]+)/([a-z]+)\\.html" /><action type="Rewrite" url="page?a={R:1}&amp;b={R:2}" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/07/article.html',
    expect: { kind: 'rewrite', url: '/page?a=07&b=article' },
  },
  {
    what: 'C:0 is the whole match of a condition, C:1 and C:2 its groups',
    rules: `<rewrite><rules><rule name="host">
      <match url=".*" />
      <conditions><add input="{HTTP_HOST}" pattern="^(www\\.)(.*)$" /></conditions>
      <action type="Rewrite" url="page?a={C:0}&amp;b={C:1}&amp;c={C:2}" />
    </rule></rules></rewrite>`,
    url: 'http://www.foo.com/',
    expect: { kind: 'rewrite', url: '/page?a=www.foo.com&b=www.&c=foo.com' },
  },
  {
    what: 'the subdomain becomes the first segment',
    rules: `<rewrite><rules><rule name="subdomain">
      <match url="^(.+)" />
      <conditions><add input="{HTTP_HOST}" pattern="^([^.]+)\\.mysite\\.com$" /></conditions>
      <action type="Rewrite" url="{C:1}/{R:1}" />
    </rule></rules></rewrite>`,
    url: 'http://shop.mysite.com/cart',
    expect: { kind: 'rewrite', url: '/shop/cart' },
  },
  {
    what: 'without trackAllCaptures C:1 is of the last condition',
    rules: `<rewrite><rules><rule name="last">
      <match url="^article\\.aspx" />
      <conditions>
        <add input="{QUERY_STRING}" pattern="p1=([0-9]+)" />
        <add input="{QUERY_STRING}" pattern="p2=([a-z]+)" />
      </conditions>
      <action type="Rewrite" url="article.aspx/{C:1}" appendQueryString="false" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/article.aspx?p1=123&p2=abc',
    expect: { kind: 'rewrite', url: '/article.aspx/abc' },
  },
  {
    what: 'with trackAllCaptures the groups of all conditions are counted through, and C:0 is the whole match of the first',
    rules: `<rewrite><rules><rule name="all">
      <match url=".*" />
      <conditions trackAllCaptures="true">
        <add input="{URL}" pattern="^/([a-zA-Z]+)/([0-9]+)/$" />
        <add input="{QUERY_STRING}" pattern="p2=([a-z]+)" />
      </conditions>
      <action type="Rewrite" url="page?a={C:0}&amp;b={C:1}&amp;c={C:2}&amp;d={C:3}" appendQueryString="false" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/article/23/?p1=123&p2=abc',
    expect: { kind: 'rewrite', url: '/page?a=/article/23/&b=article&c=23&d=abc' },
  },
  {
    what: 'a condition may decode the query string before it looks',
    rules: `<rewrite><rules><rule name="decode">
      <match url="default.aspx" />
      <conditions><add input="{UrlDecode:{QUERY_STRING}}" pattern="résumé" /></conditions>
      <action type="Rewrite" url="default.aspx?type=resume" appendQueryString="false" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/default.aspx?r%C3%A9sum%C3%A9',
    expect: { kind: 'rewrite', url: '/default.aspx?type=resume' },
  },
  {
    what: 'a pattern matches the decoded path',
    rules: `<rewrite><rules><rule name="space">
      <match url="^Default\\.aspx  $" /><action type="Redirect" url="/Default.aspx" />
    </rule></rules></rewrite>`,
    url: 'http://example.com/Default.aspx%20%20',
    expect: { kind: 'redirect', status: 301, location: '/Default.aspx' },
  },
  {
    what: 'a request for another host is dropped',
    rules: `<rewrite><rules><rule name="foreign">
      <match url="." />
      <conditions><add input="{HTTP_HOST}" pattern="localhost" negate="true" /></conditions>
      <action type="AbortRequest" />
    </rule></rules></rewrite>`,
    url: 'http://127.0.0.1/article/234/some-title',
    expect: { kind: 'abort' },
  },
  {
    what: 'a request for the right host is not dropped',
    rules: `<rewrite><rules><rule name="foreign">
      <match url="." />
      <conditions><add input="{HTTP_HOST}" pattern="localhost" negate="true" /></conditions>
      <action type="AbortRequest" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/article/234/some-title',
    expect: { kind: 'none' },
  },
  {
    what: 'a redirect rearranges the path',
    rules: `<rewrite><rules><rule name="blog">
      <match url="^blog/([_0-9a-z-]+)/([0-9]+)" /><action type="Redirect" url="article/{R:2}/{R:1}" />
    </rule></rules></rewrite>`,
    url: 'http://localhost/blog/some-other-title/323',
    expect: { kind: 'redirect', status: 301, location: 'http://localhost/article/323/some-other-title' },
  },
  {
    what: 'the pattern sees the path without slash and query string, the server variables see the rest',
    rules: `<rewrite><rules><rule name="parts">
      <match url="^content/default\\.aspx$" />
      <conditions trackAllCaptures="true">
        <add input="{QUERY_STRING}" pattern="^tabid=2&amp;subtabid=3$" />
        <add input="{HTTP_HOST}" pattern="^www\\.mysite\\.com$" />
        <add input="{SERVER_PORT}" pattern="^80$" />
        <add input="{SERVER_PORT_SECURE}" pattern="^0$" />
        <add input="{HTTPS}" pattern="^OFF$" />
        <add input="{REQUEST_URI}" pattern="^/content/default\\.aspx\\?tabid=2&amp;subtabid=3$" />
        <add input="{PATH_INFO}" pattern="^/content/default\\.aspx$" />
      </conditions>
      <action type="Rewrite" url="hit" appendQueryString="false" />
    </rule></rules></rewrite>`,
    url: 'http://www.mysite.com/content/default.aspx?tabid=2&subtabid=3',
    expect: { kind: 'rewrite', url: '/hit' },
  },
];

/** Rules that the re-implementation refuses to load, each reduced to the one fault it is about. */
export const INVALID_RULES: { what: string; rules: string; differs?: string }[] = [
  {
    what: 'a rule without match and action',
    rules: '<rewrite><rules><rule name="one"></rule></rules></rewrite>',
    differs: 'The schema of IIS does not require the elements; what the module then does is not documented.',
  },
  {
    what: 'a match without url',
    rules: '<rewrite><rules><rule name="one"><match /><action type="Rewrite" url="foo" /></rule></rules></rewrite>',
    differs: 'The schema of IIS does not require it, and published web.configs leave it out to take every URL.',
  },
  {
    what: 'a condition without input',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)" /><conditions><add pattern="^OFF$" /></conditions><action type="Rewrite" url="foo" /></rule></rules></rewrite>',
    differs: 'The schema of IIS does not require input; for IsFile and IsDirectory it stands for the requested file.',
  },
  {
    what: 'an action with an empty url',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)" /><action type="Rewrite" url="" /></rule></rules></rewrite>',
    differs: 'The schema of IIS refuses white space at the ends of the URL, not an empty one.',
  },
  {
    what: 'an unknown redirectType',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)/$" /><action type="Redirect" redirectType="foo" url="{R:1}" /></rule></rules></rewrite>',
  },
  {
    what: 'an unknown type of action',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)/$" /><action type="foo" url="{R:1}" /></rule></rules></rewrite>',
  },
  {
    what: 'an unknown logicalGrouping',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)/$" /><conditions logicalGrouping="foo"><add input="{REQUEST_FILENAME}" matchType="IsFile" negate="true" /></conditions><action type="Redirect" url="{R:1}" /></rule></rules></rewrite>',
  },
  {
    what: 'an unknown patternSyntax',
    rules: '<rewrite><rules><rule name="one" patternSyntax="foo"><match url="(.*)/$" /><action type="Redirect" url="{R:1}" /></rule></rules></rewrite>',
  },
  {
    what: 'an unknown matchType',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)/$" /><conditions><add input="{REQUEST_FILENAME}" matchType="foo" negate="true" /></conditions><action type="Redirect" url="{R:1}" /></rule></rules></rewrite>',
  },
  {
    what: 'enabled is no boolean',
    rules: '<rewrite><rules><rule name="one" enabled="foo"><match url="(.*)/$" /><action type="Redirect" url="{R:1}" /></rule></rules></rewrite>',
  },
  {
    what: 'stopProcessing is no boolean',
    rules: '<rewrite><rules><rule name="one" stopProcessing="foo"><match url="(.*)/$" /><action type="Redirect" url="{R:1}" /></rule></rules></rewrite>',
  },
  {
    what: 'ignoreCase of the match is no boolean',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)/$" ignoreCase="foo" /><action type="Redirect" url="{R:1}" /></rule></rules></rewrite>',
  },
  {
    what: 'ignoreCase of a condition is no boolean',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)/$" /><conditions><add input="{REQUEST_FILENAME}" pattern="." ignoreCase="foo" /></conditions><action type="Redirect" url="{R:1}" /></rule></rules></rewrite>',
  },
  {
    what: 'negate of the match is no boolean',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)/$" negate="foo" /><action type="Redirect" url="{R:1}" /></rule></rules></rewrite>',
  },
  {
    what: 'negate of a condition is no boolean',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)/$" /><conditions><add input="{REQUEST_FILENAME}" pattern="." negate="foo" /></conditions><action type="Redirect" url="{R:1}" /></rule></rules></rewrite>',
  },
  {
    what: 'trackAllCaptures is no boolean',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)/$" /><conditions trackAllCaptures="foo"><add input="{REQUEST_FILENAME}" pattern="." /></conditions><action type="Redirect" url="{R:1}" /></rule></rules></rewrite>',
  },
  {
    what: 'appendQueryString is no boolean',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)/$" /><action type="Redirect" url="{R:1}" appendQueryString="foo" /></rule></rules></rewrite>',
  },
  {
    what: 'rules outside of <rewrite>',
    rules: '<rules><rule></rule></rules>',
  },
  {
    what: 'a condition without pattern',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)" /><conditions><add input="{HTTPS}" /></conditions><action type="Rewrite" url="foo" /></rule></rules></rewrite>',
    differs: 'The schema of IIS does not require pattern; what the module then does is not documented.',
  },
  {
    what: 'a condition without pattern, and with patternSyntax, which belongs to the rule',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)" /><conditions><add input="{HTTPS}" patternSyntax="ExactMatch" /></conditions><action type="Rewrite" url="foo" /></rule></rules></rewrite>',
  },
  {
    what: 'an input whose brace is not closed',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)" /><conditions><add input="{HTTPS" pattern="^OFF$" /></conditions><action type="Rewrite" url="foo" /></rule></rules></rewrite>',
  },
  {
    what: 'an action whose URL is an open brace',
    rules: '<rewrite><rules><rule name="one"><match url="(.*)" /><action type="Rewrite" url="{" /></rule></rules></rewrite>',
  },
];

/** Strings that the re-implementation refuses wherever {…} may stand. */
export const INVALID_INPUTS: { what: string; input: string; maps?: InputCase['maps']; differs?: string }[] = [
  { what: 'an open brace alone', input: '{' },
  { what: 'neither name nor argument', input: '{:}' },
  { what: 'a back-reference that ends before its number', input: '{R:' },
  { what: 'a back-reference that is not closed', input: '{R:1' },
  { what: 'a back-reference by a letter', input: '{R:A}' },
  { what: 'a back-reference above 9', input: '{R:10}', differs: 'The module allows 31 by default (registry value MaxBackReferences).' },
  { what: 'a negative back-reference', input: '{R:-1}' },
  { what: 'an unknown function that is not closed', input: '{foo:1' },
  { what: 'a back-reference without number inside a function', input: '{UrlEncode:{R:}}' },
  { what: 'a function that is not closed', input: '{UrlEncode:{R:1}' },
  { what: 'a server variable that is not closed', input: '{HTTPS' },
  { what: 'a rewrite map where there are none', input: '{apiMap:{R:1}}' },
  { what: 'a rewrite map of another name', input: '{apiMap:{R:1}}', maps: { testMap: {} } },
];

const FOO_BAR_BAZ = ['foo/bar/baz', 'foo', 'bar', 'baz'];
const HEADERS = {
  'content-length': '10', 'content-type': 'json', accept: 'accept', cookie: 'cookie', referer: 'referer', 'user-agent': 'useragent', connection: 'connection',
};
const FOO = 'http://example.com/foo?bar=1';

export const INPUTS: InputCase[] = [
  // Back-references.
  ...([
    ['hello/hey/what', 'hello/hey/what'],
    ['hey/hello/what', 'hey/hello/what'],
    ['hey/{R:1}/what', 'hey/foo/what'],
    ['hey/{R:2}/what', 'hey/bar/what'],
    ['hey/{R:3}/what', 'hey/baz/what'],
    ['hey/{C:1}/what', 'hey/foo/what'],
    ['hey/{C:2}/what', 'hey/bar/what'],
    ['hey/{C:3}/what', 'hey/baz/what'],
    ['hey/{R:1}/{C:1}', 'hey/foo/foo'],
    ['foo/bar/{R:1}/what', 'foo/bar/foo/what'],
    ['foo/{R:1}', 'foo/foo'],
    ['foo/{R:1}/{C:2}', 'foo/foo/bar'],
    ['foo/{R:1}{C:2}', 'foo/foobar'],
    ['foo/', 'foo/'],
  ] as const).map(([input, expect]): InputCase => ({ what: `${input} with back-references`, input, r: FOO_BAR_BAZ, c: FOO_BAR_BAZ, expect })),

  // Functions.
  ...([
    ['hey/{ToLower:HEY}', 'hey/hey'],
    ['hey/{ToLower:{R:1}}', 'hey/foo'],
    ['hey/{ToLower:{C:1}}', 'hey/foo'],
    ['hey/{ToLower:{C:1}/what}', 'hey/foo/what'],
    ['hey/ToLower:/what', 'hey/ToLower:/what'],
    ['{ToLower:Hello}', 'hello'],
    ['{ToLower:WHAT}', 'what'],
    ['{ToLower:hey}', 'hey'],
    ['hey/{UrlEncode:<hey>}', 'hey/%3Chey%3E'],
    ['hey/?returnUrl={UrlEncode:http://domain.com?query=résumé}', 'hey/?returnUrl=http%3A%2F%2Fdomain.com%3Fquery%3Dr%C3%A9sum%C3%A9'],
    ['{UrlEncode: }', '%20'],
    ['{UrlEncode:x&y}', 'x%26y'],
    ['{UrlEncode:hey}', 'hey'],
    ['hey/{UrlDecode:%3Chey%3E}', 'hey/<hey>'],
    ['{UrlDecode:http%3A%2F%2Fdomain.com%3Fquery%3Dr%C3%A9sum%C3%A9}', 'http://domain.com?query=résumé'],
    ['{UrlDecode:%20}', ' '],
    ['{UrlDecode:x%26y}', 'x&y'],
    ['{UrlDecode:hey}', 'hey'],
  ] as const).map(([input, expect]): InputCase => ({ what: `${input} is a function`, input, r: FOO_BAR_BAZ, c: FOO_BAR_BAZ, expect })),

  // Rewrite maps.
  {
    what: 'a rewrite map gives the value of the key',
    input: '{apiMap:{R:1}}',
    r: ['api.test.com', 'api.test.com', ''],
    c: ['{apiMap:{R:1}}', '{apiMap:{R:1}}'],
    maps: { apiMap: { 'api.test.com': 'test.com/api' } },
    expect: 'test.com/api',
  },

  // Braces: documented for the module itself, which has no escape character.
  {
    what: 'an open brace is written with UrlDecode, a closing one outside of an expression is itself',
    input: 'Products.aspx?Id={UrlDecode:%7B}{GuidMap:{R:0}}}',
    r: ['x'],
    maps: { GuidMap: { x: GUID } },
    expect: `Products.aspx?Id={${GUID}`,
    differs: 'The re-implementation ends the string at a closing brace that stands alone.',
    iis: `Products.aspx?Id={${GUID}}`,
  },
  {
    what: 'a closing brace inside of an expression is written with UrlDecode',
    input: 'Products.aspx?Name={NameFromGuidMap:{UrlDecode:%7B}{R:0}{UrlDecode:%7D}}',
    r: [GUID],
    maps: { NameFromGuidMap: { [`{${GUID}}`]: 'chair' } },
    expect: 'Products.aspx?Name=chair',
  },

  // Server variables.
  ...([
    ['CONTENT_LENGTH', '10'],
    ['CONTENT_TYPE', 'json'],
    ['HTTP_ACCEPT', 'accept'],
    ['HTTP_COOKIE', 'cookie'],
    ['HTTP_HOST', 'example.com'],
    ['HTTP_REFERER', 'referer'],
    ['HTTP_USER_AGENT', 'useragent'],
    ['HTTP_CONNECTION', 'connection'],
    ['QUERY_STRING', 'bar=1'],
    ['REQUEST_METHOD', 'GET'],
  ] as const).map(([name, expect]): InputCase => ({ what: `${name} of the request`, input: `{${name}}`, url: FOO, headers: HEADERS, expect })),
  {
    what: 'HTTP_URL of the request',
    input: '{HTTP_URL}',
    url: FOO,
    expect: '/foo',
    differs: 'In IIS it has the query string.',
    iis: '/foo?bar=1',
  },
  {
    what: 'REQUEST_URI of the request',
    input: '{REQUEST_URI}',
    url: FOO,
    expect: '/foo',
    differs: 'In IIS it has the query string.',
    iis: '/foo?bar=1',
  },
  {
    what: 'REQUEST_FILENAME of the request',
    input: '{REQUEST_FILENAME}',
    url: FOO,
    expect: '/foo',
    differs: 'In IIS it is the physical path of the file, as C:\\inetpub\\wwwroot\\foo.',
  },
  ...['HTTP_URL', 'REQUEST_URI'].map((name): InputCase => ({
    what: `${name} of the request in a global rule`,
    input: `{${name}}`,
    url: FOO,
    global: true,
    expect: FOO,
    differs: 'In IIS it never has scheme and host.',
    iis: '/foo?bar=1',
  })),
  { what: 'QUERY_STRING has no question mark', input: '{QUERY_STRING}', url: 'http://example.com/?hey=1', expect: 'hey=1' },
  { what: 'QUERY_STRING of a request without one is empty', input: '{QUERY_STRING}', url: 'http://example.com/', expect: '' },
  { what: 'HTTPS of an HTTP request', input: '{HTTPS}', url: 'http://example.com/', expect: 'OFF', differs: 'The documentation of the module has OFF, lists of its variables elsewhere have off. Patterns ignore case by default.' },
  { what: 'HTTPS of an HTTPS request', input: '{HTTPS}', url: 'https://example.com/', expect: 'ON', differs: 'Lists of the module\'s variables have on. Patterns ignore case by default.' },
  { what: 'a variable that the server gives comes before the request', input: 'hey/{HTTP_URL}', variables: { HTTP_URL: 'TEST_VARIABLE' }, expect: 'hey/TEST_VARIABLE' },
  { what: 'REQUEST_URI is the path', input: '{REQUEST_URI}', url: 'http://localhost:80/foo/bar', expect: '/foo/bar' },
  { what: 'REQUEST_URI keeps a colon', input: '{REQUEST_URI}', url: 'http://localhost:80/foo:bar', expect: '/foo:bar' },
  {
    what: 'REQUEST_URI keeps a space encoded',
    input: '{REQUEST_URI}',
    url: 'http://localhost:80/foo%20bar',
    expect: '/foo%20bar',
    differs: 'Observed in IIS as decoded, while UNENCODED_URL is as it was sent; not documented.',
  },
  ...([
    ['http://localhost:80/', '/'],
    ['http://localhost:80/foo:bar', '/foo:bar'],
    ['http://localhost:80/foo/bar', '/foo/bar'],
    ['http://localhost:81/foo/bar', '/foo/bar'],
    ['https://localhost:443/foo/bar', '/foo/bar'],
  ] as const).map(([url, iis]): InputCase => ({
    what: `REQUEST_URI of ${url} in a global rule`,
    input: '{REQUEST_URI}',
    url,
    global: true,
    expect: url,
    differs: 'In IIS it never has scheme and host.',
    iis,
  })),
  ...([
    ['http://foobar:80/foo/bar', 'foobar'],
    ['http://foobar:443/foo/bar', 'foobar'],
    ['http://foobar:8080/foo/bar', 'foobar'],
    ['http://[2001:db8:85a3::8a2e:370:7334]:8080/foo/bar', '[2001:db8:85a3::8a2e:370:7334]'],
    ['http://127.0.0.1:8080/foo/bar', '127.0.0.1'],
  ] as const).map(([url, expect]): InputCase => ({ what: `SERVER_NAME of ${url}`, input: '{SERVER_NAME}', url, expect })),
];
