import path from 'node:path';
import ts from 'typescript';
import { root } from './template';

/** The files of each project that do not change, parsed once. */
const parsed = new Map<string, Map<string, ts.SourceFile | undefined>>();

/**
 * Compiles a project with several changed texts of one file, in one run. Each text becomes a file of its own
 * beside the original file. A run for each text would take some three seconds each.
 * @param project the path of the project's tsconfig.json
 * @param file the path of the original file, 'src/app.ts'
 * @param changes the functions that make a changed text of the original text
 * @returns the compiler's complaints for each text
 */
export function compile(
  project: string, file: string, changes: ((text: string) => string)[],
): string[][] {
  const config = path.join(root, project);
  const settings: unknown = ts.readConfigFile(config, name => ts.sys.readFile(name)).config;
  const { options, fileNames } = ts.parseJsonConfigFileContent(settings, ts.sys, path.dirname(config));
  const original = path.join(root, file);
  const { dir, name, ext } = path.parse(original);
  const texts = new Map(changes.map((change, i) => {
    return [path.join(dir, `${name}-changed-${i}${ext}`), change(ts.sys.readFile(original)!)];
  }));
  const host = ts.createCompilerHost(options);
  const [read, exists] = [host.readFile.bind(host), host.fileExists.bind(host)];
  const parse = host.getSourceFile.bind(host);
  const known = parsed.get(project) ?? new Map<string, ts.SourceFile | undefined>();
  parsed.set(project, known);
  host.getSourceFile = (asked, ...more) => {
    if (texts.has(path.resolve(asked))) return parse(asked, ...more);
    if (!known.has(asked)) known.set(asked, parse(asked, ...more));
    return known.get(asked);
  };
  host.readFile = asked => texts.get(path.resolve(asked)) ?? read(asked);
  host.fileExists = asked => texts.has(path.resolve(asked)) || exists(asked);
  // A module names the files that it uses. Only a script uses the other files of its project unnamed.
  const others = options.module === ts.ModuleKind.CommonJS ? [] : fileNames;
  const program = ts.createProgram([...others, ...texts.keys()], options, host);
  return [...texts.keys()].map(text => {
    const source = program.getSourceFiles().find(({ fileName }) => path.resolve(fileName) === text);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
      .map(found => ts.flattenDiagnosticMessageText(found.messageText, '\n'));
  });
}
