/** Reads Markdown for what test/docs.test.ts compares with the program. */

/** Scripts that npm runs without the word `run`. */
const BARE_SCRIPTS = 'test|start|stop|restart';
/** A command line of ours: the program by any of its names, or an npm script that starts it. */
const OUR_COMMAND =
  /^(?:\w+=\S+ )*(?:sudo )?(?:node \S*dist\/src\/cli\/\w+\.js|(?:npx )?(?:rtpbridge|rtpproxy)|npm start|npm run demo)(?= |$)/;

/** Names of the scripts that a text calls: `npm test`, `npm run lint`. */
export function npmScriptsIn(markdown: string): string[] {
  const calls = markdown.matchAll(new RegExp(`\\bnpm (?:run ([\\w:-]+)|(${BARE_SCRIPTS})\\b)`, 'g'));
  return [...new Set([...calls].map((call) => call[1] ?? call[2] ?? ''))];
}

/** Inline code outside of fenced blocks. */
export function inlineCodeIn(markdown: string): string[] {
  const prose = markdown.replace(/^```[\s\S]*?^```/gm, '');
  return [...prose.matchAll(/`([^`\n]+)`/g)].map((code) => code[1] ?? '');
}

/** Command lines that start our program, from fenced blocks and inline code; a line ending in a backslash goes on. */
export function commandsIn(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/^```[^\n]*\n([\s\S]*?)^```/gm)].map((block) => block[1] ?? '');
  const lines = [...blocks.flatMap((block) => block.replace(/\\\n\s*/g, '').split('\n')), ...inlineCodeIn(markdown)];
  const commands = lines.flatMap((line) => line.replace(/^\s*[$#] /, '').split(/&&|\||;|#/));
  return commands.map((command) => command.trim()).filter((command) => OUR_COMMAND.test(command));
}

/** `--data-dir` and the like; the bare `--` of npm is none. */
export function longOptionsIn(text: string): string[] {
  return [...text.matchAll(/(?<![\w-])--[a-z][\w-]*/g)].map((option) => option[0]);
}

/** The version in the first heading that has one: `## 0.2.0, 2026-01-31` or `## [0.2.0]`. */
export function newestVersionIn(changeLog: string): string | undefined {
  return /^##\s.*?\bv?(\d+\.\d+\.\d+(?:-[\w.]+)?)/m.exec(changeLog)?.[1];
}

/** What is missing in decision notes, each of which is called NNNN-title.md, has a line with its date and a part `Rejected`. */
export function decisionProblems(notes: readonly { name: string; text: string }[]): string[] {
  const numbers = notes.map(({ name }) => /^(\d{4})-[\w-]+\.md$/.exec(name)?.[1]);
  return notes.flatMap(({ name, text }, i) => [
    ...(numbers[i] === undefined ? [`${name} is not called NNNN-title.md`] : []),
    ...(numbers[i] !== undefined && numbers.indexOf(numbers[i]) < i ? [`${name} has the number of another note`] : []),
    ...(/^[^\w\n]*(?:Date\W+)?\d{4}-\d{2}-\d{2}\b/im.test(text) ? [] : [`${name} has no line with its date`]),
    ...(/^\W*Rejected\b/m.test(text) ? [] : [`${name} does not say what was rejected`]),
  ]);
}
