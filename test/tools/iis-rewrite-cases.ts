// The cases of Microsoft's tests for its own re-implementation of IIS URL Rewrite
// (dotnet/aspnetcore, src/Middleware/Rewrite), and clear statements of the module's documentation.
// The stand-in has to pass both. If the two disagree, the module counts (`iis`).
import { RewriteCase } from './iis-rewrite-case';

/** The cases of a single rule: its pattern, its conditions, and the result of its action. */
export const RULE_CASES: RewriteCase[] = [
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
];
