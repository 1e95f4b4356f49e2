// Cases from clear statements of Microsoft's documentation about the module. The re-implementation
// in ASP.NET Core does not do all of this.
import type { RewriteCase } from './iis-rewrite-case';

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
 * The statements are from Microsoft's configuration references (1 and 2.0) and walkthroughs, and
 * from blogs and answers of the module's developers. If a source does not mention query strings,
 * its case has none. In its example for trackAllCaptures, reference 2.0 has a {REQUEST_URI} without
 * the query string. This contradicts reference 1, so the case here has {URL} in its place.
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
