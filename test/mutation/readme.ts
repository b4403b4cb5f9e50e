import type { Verdict } from './lane.js';
import { GUARANTEES, type Mutation } from './mutation.js';

/** What became of a mutation: a verdict for each of its tests. */
export type Outcome = { readonly mutation: Mutation; readonly verdicts: readonly Verdict[]; readonly seconds: number };

const HEAD = `# Mutations that the tests catch

For every rule that always holds a small change of the compiled code breaks it, and the named tests fail each. Made by
\`node dist/test/mutation/run.js --write\`; without \`--write\` it says the same and writes nothing, and with a word behind it only some
are tried. \`test/pure/mutations.test.ts\` sees to it that the table fits the code and names every rule.
`;

/** The list of what was tried, by rule. `outcomes`: all of them, all caught. */
export function readmeOf(outcomes: readonly Outcome[], now: Date): string {
  const rules = [...new Set(outcomes.map(({ mutation }) => mutation.breaks))];
  const isGuarantee = (rule: string): boolean => (GUARANTEES as readonly string[]).includes(rule);
  const part = (title: string, some: readonly string[]): string =>
    `\n## ${title}\n${some.map((rule) => section(rule, outcomes)).join('')}`;
  return [
    HEAD,
    `\nTried on ${now.toISOString().slice(0, 10)}: ${outcomes.length} caught, 0 survived.\n`,
    part(
      'Rules of `model/invariants.ts`',
      rules.filter((rule) => !isGuarantee(rule)),
    ),
    part('What else is promised', rules.filter(isGuarantee)),
  ].join('');
}

function section(rule: string, outcomes: readonly Outcome[]): string {
  const entries = outcomes.filter(({ mutation }) => mutation.breaks === rule).map(entryOf);
  return `\n### ${rule}\n\n${entries.join('\n')}\n`;
}

/** A list, which no formatter has a reason to touch. */
function entryOf({ mutation: { name, file, tests }, verdicts }: Outcome): string {
  const catches = tests.map((test, i) => `  - \`${test}\`: ${verdicts[i]?.told[0] ?? ''}`);
  return [`- ${name} (\`${file.replace(/\.js$/, '.ts')}\`)`, ...catches].join('\n');
}
