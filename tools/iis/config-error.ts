/* Makes the messages of mistakes in the configuration. A message names file, line and element. */
import type { ConfigProblem } from './merge';
import type { XmlElement } from './xml';

/** The error of a web.config that IIS refuses. IIS answers 500.19 to requests for its folder. */
export class WebConfigError extends Error {
  constructor(readonly file: string, readonly problem: ConfigProblem) {
    super(`${problemText(file, problem)} (${problem.code})`);
  }
}

/**
 * Reads a value of an element. An error of `read` gets the element's place in front of its message.
 * @param path the element's full name, such as 'system.webServer/rewrite/rules/rule/match'
 * @throws Error if `read` throws an error
 */
export function readAt<T>(element: XmlElement, path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { file = '', line } = element;
    const { message } = error as Error;
    throw new Error(problemText(file, { line, element: path, message }), { cause: error });
  }
}

function problemText(
  file: string, { line, element, message }: Pick<ConfigProblem, 'line' | 'element' | 'message'>,
): string {
  return `${[file, `line ${line}`, element].filter(Boolean).join(', ')}: ${message}`;
}
