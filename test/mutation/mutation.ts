/** What a mutation is: one small change of the compiled code that breaks a rule. */
import { readFileSync } from 'node:fs';

export type Mutation = {
  /** What the code then does wrong. */
  readonly name: string;
  /** The rule that it breaks: a text of `model/invariants.ts`, or one of `GUARANTEES`. */
  readonly breaks: string;
  /** Compiled, below `dist/`. */
  readonly file: string;
  /** Occurs once in that file. */
  readonly find: string;
  readonly replace: string;
  /** Compiled test files below `dist/test/`, without `.test.js`. Each of them catches it. */
  readonly tests: readonly string[];
};

/** What holds besides the rules of `model/invariants.ts`, and is shown by property tests. */
export const GUARANTEES = [
  'an answer leaves only when the log has what it tells of',
  'what the relay holds is what a fold of its log holds',
  'the records of a shard are numbered without gaps',
  'a snapshot holds every session',
  'a session is taken up on its own ports, or not at all',
  'what was counted outlives a death',
  'who was believed is believed after a death',
  'the time to live goes on where it was',
  'a command is carried out once, and answered the same to whoever repeats it',
  'what comes from a refused source is sent to nobody',
  'whose packets are believed is what was asked for',
  'packets go to the other side, where signalling said or packets came from',
  'a socket, a copy and a fork belong to a session that lives',
  'a pair has one holder, and is free when that has ended',
  'a pair that was given back is had again behind those that are free for longer',
  'two sessions never stand in one slot',
  'a session ends when it has been silent for its time to live',
  'a bug ends the call it happens in, with its sockets, and no other',
  'the newest segments of a shard stay',
  'who hears a prompt hears nothing else, and no packet of it twice',
  'what the states of the sessions say is recorded, and nothing else',
  'a command is answered as a second description of the relay says',
  'the commands of a call are carried out in their order',
  'a subscriber hears what one side of a call sends, and lives as long as that',
  'around a key a stream goes on in one row of numbers, and every key is sent whole',
  'a change of a dialogue that is offered moves nothing before it is answered',
  'the end of one branch of a dialogue touches no other',
  'what is not agreed on leaves nothing behind in a dialogue',
  'the dialogues of a call are what a second description of them says',
  'another party of a dialogue is heard in the place of the one before',
] as const;

/** The rules as `model/invariants.ts` words them, `…` for what is told of the case. Every text with a blank in it is one. */
export function textsOfInvariants(source: string): readonly string[] {
  const code = source.replace(/\/\*\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  const literals = [...code.matchAll(/`([^`]*)`|'([^'\n]*)'/g)].map(([, template, plain]) => template ?? plain ?? '');
  const texts = literals.map((literal) => literal.replace(/\$\{[^}]*\}/g, '…'));
  return [...new Set(texts.filter((text) => /[a-z] [a-z]|… [a-z]|[a-z] …/.test(text) && !text.startsWith('copy of')))];
}

/** Whether a text says that the rule is broken; what else is promised is said by the titles of tests. */
export function says(text: string, rule: string): boolean {
  if ((GUARANTEES as readonly string[]).includes(rule)) return true;
  const literal = rule.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(literal.join('.+')).test(text);
}

/** What is wrong with a mutation, in one line, or null. `root`: the folder that `dist` stands in. */
export function problemOf({ file, find, replace, tests }: Mutation, root: string): string | null {
  const text = readFileSync(`${root}/dist/${file}`, 'utf8');
  const count = text.split(find).length - 1;
  if (count !== 1) return `${JSON.stringify(find)} occurs ${count} times in dist/${file} instead of once`;
  if (find === replace) return 'it changes nothing';
  return tests.length === 0 ? 'no test is named that catches it' : null;
}

/** The text of the file with the mutation in it; the text to find must occur once. */
export const mutate = (text: string, { find, replace }: Mutation): string => text.split(find).join(replace);
