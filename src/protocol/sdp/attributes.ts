import { append, endOf, isOneLine } from './lines.js';
import type { Sdp, SdpLine, SdpPlan } from './sdp.js';

/** What is to become of the attributes of one kind of media, ready to be looked up. */
export type AttributeChanges = {
  readonly add: readonly string[];
  readonly remove: ReadonlySet<string>;
  readonly substitute: ReadonlyMap<string, string>;
};

/** Of the session part. */
export const SESSION_KIND = 'none';
const NAMES_OF_SESSION = ['none', 'global', 'session'];

/** By kind in lower case. What would not fit in one line is left out. */
export function attributeChanges(attributes: SdpPlan['attributes']): ReadonlyMap<string, AttributeChanges> {
  const changes = new Map<string, AttributeChanges>();
  for (const [name, { add, remove, substitute }] of Object.entries(attributes)) {
    const lower = name.toLowerCase();
    const kind = NAMES_OF_SESSION.includes(lower) ? SESSION_KIND : lower;
    const before = changes.get(kind);
    changes.set(kind, {
      add: [...(before?.add ?? []), ...add.filter(isOneLine)],
      remove: new Set([...(before?.remove ?? []), ...remove]),
      substitute: new Map([
        ...(before?.substitute ?? []),
        ...substitute.filter(({ to }) => isOneLine(to)).map(({ from, to }) => [from, to] as const),
      ]),
    });
  }
  return changes;
}

/** What is to be added stays where it is there already, and is not added again; all else is removed or substituted first. */
export function changeAttributes(
  lines: readonly SdpLine[],
  { add, remove, substitute }: AttributeChanges,
  end: string,
): readonly SdpLine[] {
  const wanted = new Set(add);
  const changed: SdpLine[] = [];
  for (const line of lines) {
    const value = line.type === 'a' && !wanted.has(line.value) ? changedValue(line.value, remove, substitute) : line.value;
    if (value !== null) changed.push(value === line.value ? line : { ...line, value });
  }
  return append(
    changed,
    missing(changed, wanted).map((value) => ({ type: 'a', value, end })),
  );
}

function missing(lines: readonly SdpLine[], values: ReadonlySet<string>): string[] {
  if (values.size === 0) return [];
  const there = new Set(lines.flatMap(({ type, value }) => (type === 'a' ? [value] : [])));
  return [...values].filter((value) => !there.has(value));
}

/** Null: it goes. Whole values are looked up first, then what stands before the first colon, then before the first blank. */
function changedValue(value: string, remove: ReadonlySet<string>, substitute: ReadonlyMap<string, string>): string | null {
  const ends = [value.length, value.indexOf(':'), value.indexOf(' ')].filter((end) => end > 0);
  if (remove.size > 0 && ends.some((end) => remove.has(value.slice(0, end)))) return null;
  if (substitute.size === 0) return value;
  for (const end of ends) {
    const to = substitute.get(value.slice(0, end));
    if (to !== undefined) return to + value.slice(end);
  }
  return value;
}

const LOOP_MARK = 'rtpbridge:';

/** Whether a description bears the mark of the relay with this id: it has been through there before. */
export const hasLoopMark = ({ session }: Sdp, id: string): boolean =>
  session.some(({ type, value }) => type === 'a' && value === LOOP_MARK + id);

export function markLoop(lines: readonly SdpLine[], id: string, end: string): readonly SdpLine[] {
  const value = LOOP_MARK + id;
  if (!isOneLine(id) || lines.some((line) => line.type === 'a' && line.value === value)) return lines;
  const at = endOf(lines);
  return [...lines.slice(0, at), { type: 'a', value, end }, ...lines.slice(at)];
}
