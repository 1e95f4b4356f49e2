/* Makes one file of the server: what it loads of dist and of node_modules. */
import webpack from 'webpack';

export interface Bundle {
  /** How many files went into it. */
  modules: number;
  /** What may fail where it runs, by the bundler's word. */
  warnings: string[];
  /** The folders of the packages in it. */
  packages: string[];
}

/** Packages that others use if they are there. They have native code, or are for nothing that is used here. */
const OPTIONAL = ['bufferutil', 'msgpack', 'utf-8-validate'];

/** The folder of the package that a file belongs to. */
const PACKAGE = /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/;

/** express loads template engines by the name that an application gives. This one's pages are files. */
const EXPECTED = /express[\\/]lib[\\/]view\.js/;

/**
 * Bundles dist/server.js, built before. The text of each module stays as it is, so that a stack in the log can be read.
 * @param root the project
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
    // With their paths for names: legacy.ts loads 0.9 with the help of require.cache.
    optimization: { moduleIds: 'named' },
    resolve: {
      // A node_modules that is a link does not change the names.
      symlinks: false,
      // Some packages have another file for nodes that are newer than those on IIS 7.5's Windows.
      conditionNames: ['require', 'node', 'default'],
      mainFields: ['main'],
      // 0.9's client, which legacy.ts keeps from being loaded.
      alias: { 'socket.io-client$': false },
    },
    externals: Object.fromEntries(OPTIONAL.map(name => [name, `commonjs ${name}`])),
    // A bundle does not know which module loads another. 0.9's manager takes what it needs from that one; others ask whether there is one,
    // or they are the main program.
    plugins: [new webpack.ProvidePlugin({ 'module.parent.exports': 'socket.io' }), new webpack.DefinePlugin({ 'module.parent': '({})' })],
  });
  const { errors = [], warnings = [] } = stats.toJson({ all: false, errors: true, warnings: true });
  const say = ({ message, moduleName = '' }: webpack.StatsError) => `${moduleName}: ${message.split('\n')[0]}`;
  if (errors.length > 0) throw new Error(errors.map(say).join('\n'));
  const files = [...stats.compilation.modules].flatMap(module => module.nameForCondition() ?? []);
  return {
    modules: files.length,
    warnings: warnings.filter(({ moduleName = '' }) => !EXPECTED.test(moduleName)).map(say),
    packages: [...new Set(files.flatMap(file => PACKAGE.exec(file) ?? []))],
  };
}

function run(configuration: webpack.Configuration): Promise<webpack.Stats> {
  return new Promise((resolve, reject) => webpack(configuration, (error, stats) => {
    if (stats) resolve(stats);
    else reject(error ?? new Error('nothing was bundled'));
  }));
}
