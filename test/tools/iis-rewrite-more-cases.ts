// Further cases, from the same sources as those of iis-rewrite-cases.ts.
import { GUID, RewriteCase } from './iis-rewrite-case';

/**
 * The cases of global rules, rewrite maps, several rules, and patterns other than regular
 * expressions.
 */
export const RULES_CASES: RewriteCase[] = [
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
