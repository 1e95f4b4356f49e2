import path from 'node:path';
import ts from 'typescript';
import { root } from './template';

/** Compiles a project with one file changed, as `npm run build` would; gives the complaints about that file. */
export function compile(project: string, file: string, change = (text: string) => text): string[] {
  const config = path.join(root, project);
  const settings: unknown = ts.readConfigFile(config, name => ts.sys.readFile(name)).config;
  const parsed = ts.parseJsonConfigFileContent(settings, ts.sys, path.dirname(config));
  const host = ts.createCompilerHost(parsed.options);
  const changed = path.join(root, file);
  const source = host.getSourceFile.bind(host);
  host.getSourceFile = (name, options) => {
    if (path.resolve(name) !== changed) return source(name, options);
    return ts.createSourceFile(name, change(ts.sys.readFile(name)!), options);
  };
  const program = ts.createProgram(parsed.fileNames, parsed.options, host);
  return ts.getPreEmitDiagnostics(program)
    .filter(found => found.file && path.resolve(found.file.fileName) === changed)
    .map(found => ts.flattenDiagnosticMessageText(found.messageText, '\n'));
}
