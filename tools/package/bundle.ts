/* Bundles the server: dist and the packages that it loads become one file. */
import webpack from 'webpack';

export interface Bundle {
  /** The number of bundled files. */
  modules: number;
  /** The bundler's warnings: code that may fail when the bundle runs. */
  warnings: string[];
  /** The folders of the bundled packages. */
  packages: string[];
}

/**
 * Packages that other packages use only if they are installed. They have native code, or are for
 * features that the server does not use.
 */
const OPTIONAL = ['bufferutil', 'msgpack', 'utf-8-validate'];

/** Matches the folder of a package, at the start of the path of one of its files. */
const PACKAGE = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/;

/**
 * The bundler warns of this file: express loads a template engine whose name an application gives.
 * This application has no templates.
 */
const EXPECTED = /express[\\/]lib[\\/]view\.js/;

/**
 * A module in a bundle does not know which module has loaded it (module.parent). 0.9's manager
 * reads the number of the protocol from that module. Other packages only ask whether there is one:
 * without one they would run as the main program.
 */
const MODULE_PARENT = [
  new webpack.ProvidePlugin({ 'module.parent.exports': 'socket.io' }),
  new webpack.DefinePlugin({ 'module.parent': '({})' }),
];

/**
 * Bundles dist/server.js, which must be built. The text of each module stays as it is, so that a
 * stack in the log can be read.
 * @param root the project's folder
 * @param to the folder for server.js
 * @throws Error with a line for each module that is not found, or cannot be bundled
 */
export async function bundle(root: string, to: string): Promise<Bundle> {
  const stats = await run({
    context: root,
    entry: './dist/server.js',
    output: { path: to, filename: 'server.js' },
    mode: 'none',
    target: 'node10.24',
    node: { __dirname: false, __filename: false },
    // Each module has its path for a name: legacy.ts finds 0.9's modules in require.cache by it.
    optimization: { moduleIds: 'named' },
    resolve: {
      // Where node_modules is a link, the modules keep the same names.
      symlinks: false,
      // Some packages have another file for "import", for newer nodes than those of IIS 7.5.
      conditionNames: ['require', 'node', 'default'],
      mainFields: ['main'],
      // legacy.ts keeps 0.9 from loading its client, so the bundle does not need the client.
      alias: { 'socket.io-client$': false },
    },
    externals: Object.fromEntries(OPTIONAL.map(name => [name, `commonjs ${name}`])),
    plugins: MODULE_PARENT,
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

function run(configuration: webpack.Configuration): Promise<webpack.Stats> {
  return new Promise((resolve, reject) => webpack(configuration, (error, stats) => {
    if (stats) resolve(stats);
    else reject(error ?? new Error('nothing was bundled'));
  }));
}
