import * as to from '../../protocol/ng/commandGroups.js';
import { type ReferenceRow, referenceTables } from '../../protocol/ng/referenceTables.js';
import { REPLY_KEYS } from '../../protocol/ng/replySchemas.js';
import { NG_COMMANDS, type NgCommand } from '../../protocol/ng/request.js';
import { CALL_EVENTS, type CallEventName } from '../callEvents/callEvent.js';
import { CALL_EVENT_SCHEMA, type JsonSchema } from '../callEvents/schema.js';
import { LOST_EVENT } from '../callEvents/wording.js';
import { OWN_KEYS, type OwnKey } from '../control/ng/report/keys.js';
import { bold, heading, paragraph, taggedMarked } from './roff.js';

const TABLES = referenceTables();
/** What begins with a word of the protocol keeps it as it is. */
function sentence(text: string, known: readonly string[]): string {
  const [first = ''] = /^[\w-]+/.exec(text) ?? [];
  return known.includes(first) ? `${text}.` : `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

const list = (words: readonly string[]): string => words.join(', ');

/** Every command: what it does, what it cannot do without, and what it returns besides its result. */
export function commandRows(): string[] {
  const rows = TABLES.commands.map(({ name, meaning, needs }) => {
    const returned = Object.keys(REPLY_KEYS[name]?.keys ?? {}).filter((key) => !REPORT.includes(key));
    const report = REPLY_KEYS[name]?.keys['totals'] === undefined ? [] : ['the statistics of the call'];
    const parts = [
      `It ${meaning}.`,
      needs.length === 0 ? '' : `Needs ${list(needs)}.`,
      returned.length + report.length === 0 ? '' : `Returns ${list([...returned, ...report])}.`,
    ];
    return taggedMarked(bold(name), parts.filter((part) => part !== '').join(' '));
  });
  const not = paragraph(`What rtpengine can be told besides, and is refused here: ${list(TABLES.commandsNotHad)}.`);
  return [heading('COMMANDS'), paragraph('Blanks in a name may be - or _, and letters of either case.'), ...rows, not];
}

/** Keys of the statistics, which stand in a part of their own. */
const REPORT = ['created', 'created_us', 'created_ts', 'last signal', 'metadata', 'SSRC', 'tags', 'totals'];

const named = (group: readonly NgCommand[]): string => NG_COMMANDS.filter((command) => group.includes(command)).join(', ');

/** Commands that take many keys, in few words. What every command of a call takes needs none. */
const GROUPS: ReadonlyMap<string, string> = new Map([
  ['all', ''],
  [named(to.OF_CALL), ''],
  [named(to.DESCRIBED), ' Where there is a description.'],
  [named(to.CHOOSING), ' Where parties are chosen.'],
  [named(to.BLOCKING), ' For commands that block and unblock.'],
  [named([...to.DESCRIBED, ...to.CHOOSING]), ' Where there is a description, or parties are chosen.'],
]);

function row({ name, also, meaning, commands, known }: ReferenceRow): string {
  const words = known.length === 0 ? '' : ` Words: ${list(known)}.`;
  const other = also.length === 0 ? '' : ` Also ${list(also)}.`;
  return taggedMarked(bold(name), `${sentence(meaning, known)}${words}${other}${GROUPS.get(commands) ?? ` For ${commands}.`}`);
}

const done = (rows: readonly ReferenceRow[]): readonly ReferenceRow[] => rows.filter(({ effect }) => effect === 'done');
const undone = (rows: readonly ReferenceRow[]): readonly ReferenceRow[] => rows.filter(({ effect }) => effect !== 'done');

export const keyRows = (): string[] => [
  heading('KEYS'),
  paragraph(
    'Of a request. Lists may also be one string with commas, numbers may be text, switches are yes, no, on and off. Blanks and _ in a name are the same as -, and case does not matter. What is not known is ignored. Keys of which nothing else is said may stand in every request about a call. There is a description in offer, answer and the requests of subscriptions; parties are chosen by what blocks, plays and subscribes: with from-tag (of what blocks only with the flag directional), label or address, or all of the call.',
  ),
  ...done(TABLES.keys).map(row),
];

export const flagRows = (): string[] => [
  heading('FLAGS'),
  paragraph('Words in the list flags. A flag may also be a key that says yes.'),
  ...done(TABLES.flags).map(row),
];

export const notDoneRows = (): string[] => [
  heading('KNOWN, AND NOT DONE'),
  paragraph(
    'Keys and flags that are accepted and change nothing. Whoever asks for them finds them in the list not-done of the reply, and in the explanation of the call.',
  ),
  ...[...undone(TABLES.keys), ...undone(TABLES.flags)].map(row),
];

/** What reports of calls have besides what rtpengine has. */
export function ownKeyRows(): string[] {
  const places = [...new Set(OWN_KEYS.map(({ place }) => place))];
  const said = ({ key, unit, text }: OwnKey): string => `${key}${unit === null ? '' : ` (${unit})`}: ${text}`;
  return [
    paragraph(
      'Keys that rtpengine does not have, by what they are of. One of which nothing is known is left out. delete leaves out signalled, observed, offered codecs and MOS progression.',
    ),
    ...places.map((place) =>
      taggedMarked(
        bold(place),
        `${OWN_KEYS.filter((own) => own.place === place)
          .map(said)
          .join('. ')}.`,
      ),
    ),
  ];
}

type Properties = Readonly<Record<string, JsonSchema>>;
type Kind = { readonly title: CallEventName | typeof LOST_EVENT; readonly description: string; readonly properties: Properties };

/** What every event has. */
const COMMON = ['version', 'controller', 'run', 'seq', 'at', 'event', 'call-id', 'from-tag', 'to-tag', 'via-branch', 'counters'];

/** Every event: when it is sent, and what it has besides what all have. */
export function eventRows(): string[] {
  const kinds = CALL_EVENT_SCHEMA['oneOf'] as readonly Kind[];
  return [...CALL_EVENTS, LOST_EVENT].flatMap((name) => {
    const kind = kinds.find(({ title }) => title === name);
    if (kind === undefined) return [];
    const own = Object.keys(kind.properties).filter((key) => !COMMON.includes(key));
    return [taggedMarked(bold(name), `${kind.description}${own.length === 0 ? '' : ` Has ${list(own)}.`}`)];
  });
}
