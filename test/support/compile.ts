import path from 'node:path';
import ts from 'typescript';
import { root } from './template';

/**
 * Compiles a project with other texts of one file, all in one go: each text becomes a file of its own
 * beside the one that it is a text of. Compiled one by one, each would take some three seconds.
 * @param project the path of its tsconfig.json
 * @param file the one whose texts these are, 'src/app.ts'
 * @param changes each makes a text of the one that is there
 * @returns for each text the compiler's complaints about it
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
  host.readFile = asked => texts.get(path.resolve(asked)) ?? read(asked);
  host.fileExists = asked => texts.has(path.resolve(asked)) || exists(asked);
  const program = ts.createProgram([...fileNames, ...texts.keys()], options, host);
  return [...texts.keys()].map(text => {
    const source = program.getSourceFiles().find(({ fileName }) => path.resolve(fileName) === text);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
      .map(found => ts.flattenDiagnosticMessageText(found.messageText, '\n'));
  });
}
