/* Bundles the server: dist and the packages that it loads become one file. */
import type webpack from 'webpack';

export interface Bundle {
  /** The number of bundled files. */
  modules: number;
  /** The bundler's warnings: code that may fail when the bundle runs. */
  warnings: string[];
  /** The folders of the bundled packages. */
  packages: string[];
}

/**
 * Packages that other packages use only if they are installed. The optional packages have native
 * code, or are for features that the server does not use.
 */
const OPTIONAL = ['bufferutil', 'msgpack', 'utf-8-validate'];

/** Matches the folder of a package, at the start of the path of one of its files. */
const PACKAGE = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/;

/**
 * The file of express about which the bundler warns. It loads a template engine by a name that an
 * application gives. This application has no templates, so the warning is left out.
 */
const EXPECTED = /express[\\/]lib[\\/]view\.js/;

/**
 * Makes the plugins that set module.parent. In a bundle, a module does not know its parent, the
 * module that has loaded it. 0.9's manager reads the number of the protocol from its parent. Other
 * packages only ask whether they have a parent: without one they would run as the main program.
 */
const moduleParent = ({ DefinePlugin, ProvidePlugin }: typeof webpack) => [
  new ProvidePlugin({ 'module.parent.exports': 'socket.io' }),
  new DefinePlugin({ 'module.parent': '({})' }),
];

/**
 * Bundles dist/server.js, which must be built. The text of each module stays as it is, so that a
 * person can read a stack in the log.
 * @param root the project's folder
 * @param to the folder for server.js
 * @throws Error with a line for each module that is missing, or that cannot be bundled
 */
export async function bundle(root: string, to: string): Promise<Bundle> {
  // The bundler is loaded here, not at the start of the command. So a refusal takes half the time.
  const { default: bundler } = await import('webpack');
  const stats = await run(bundler, {
    context: root,
    entry: './dist/server.js',
    output: { path: to, filename: 'server.js' },
    mode: 'none',
    target: 'node10.24',
    node: { __dirname: false, __filename: false },
    // The name of each module is its path: legacy.ts finds 0.9's modules in require.cache by path.
    optimization: { moduleIds: 'named' },
    resolve: {
      // If node_modules is a link, the modules keep the same names.
      symlinks: false,
      // Some packages have another file for "import", for newer nodes than those of IIS 7.5.
      conditionNames: ['require', 'node', 'default'],
      mainFields: ['main'],
      // legacy.ts keeps 0.9 from loading its client, so the bundle does not need the client.
      alias: { 'socket.io-client$': false },
    },
    externals: Object.fromEntries(OPTIONAL.map(name => [name, `commonjs ${name}`])),
    plugins: moduleParent(bundler),
  });
  const { errors = [], warnings = [] } = stats.toJson({ all: false, errors: true, warnings: true });
  if (errors.length > 0) throw new Error(errors.map(firstLine).join('\n'));
  const files = [...stats.compilation.modules].flatMap(module => module.nameForCondition() ?? []);
  const unexpected = warnings.filter(({ moduleName = '' }) => !EXPECTED.test(moduleName));
  return {
    modules: files.length,
    warnings: unexpected.map(firstLine),
    packages: [...new Set(files.flatMap(file => PACKAGE.exec(file) ?? []))],
  };
}

function firstLine({ message, moduleName = '' }: webpack.StatsError): string {
  return `${moduleName}: ${message.split('\n')[0]}`;
}

function run(
  bundler: typeof webpack, configuration: webpack.Configuration,
): Promise<webpack.Stats> {
  return new Promise((resolve, reject) => bundler(configuration, (error, stats) => {
    if (stats) resolve(stats);
    else reject(error ?? new Error('nothing was bundled'));
  }));
}
