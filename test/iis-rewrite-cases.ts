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

/** An identifier as it stands in a URL. */
export const GUID = '3f2504e0-4f89-11d3-9a0c-0305e82c3301';

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
