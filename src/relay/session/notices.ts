import type { SessionCommand } from '../../../model/session/command.js';
import { COMPONENTS, type Component, SIDES, type Side } from '../../../model/session/side.js';
import type { Packet } from '../../media/engine.js';
import { CONFIRM, type Judgement, LEARN_UNLATCHED } from '../../media/stages/latch.js';
import { componentOf, legOf, slotOf } from '../../media/streams.js';
import { decodeSockaddr } from '../../protocol/bytes/sockaddr.js';
import type { Session } from './session.js';

export type NoticeWorld = {
  readonly sessionIn: (slot: number) => Session | undefined;
  readonly command: (session: Session, command: SessionCommand) => unknown;
  /** Writes down what the packet path knows of a session. */
  readonly sample: (session: Session) => void;
};

const sideOf = (row: number): Side => SIDES[legOf(row)]!;
const componentOfRow = (row: number): Component => COMPONENTS[componentOf(row)]!;

/** The slow turns of packets: what the packet path found out becomes a command to the session. */
export class Notices {
  readonly #world: NoticeWorld;

  constructor(world: NoticeWorld) {
    this.#world = world;
  }

  /** What the latching rule found becomes an event, and the packet goes on by the new path. */
  readonly source = ({ row, words, source }: Packet, judgement: Judgement): void => {
    const session = this.#world.sessionIn(slotOf(row));
    const address = decodeSockaddr(words, source);
    if (session === undefined || address === null) return;
    const [side, component] = [sideOf(row), componentOfRow(row)];
    const [learned, latched] = [judgement !== CONFIRM, judgement !== LEARN_UNLATCHED];
    this.#world.command(session, { type: 'NoteSource', side, component, address, learned, latched });
  };

  readonly refused = ({ row, words, source }: Packet): void => {
    const session = this.#world.sessionIn(slotOf(row));
    const address = decodeSockaddr(words, source);
    if (session === undefined || address === null) return;
    this.#world.command(session, { type: 'NoteRefused', side: sideOf(row), component: componentOfRow(row), address });
  };

  /** A prompt was heard as often as it was to be. */
  readonly played = (row: number): void => {
    const session = this.#world.sessionIn(slotOf(row));
    if (session !== undefined) this.#world.command(session, { type: 'StopPlay', side: sideOf(row), reason: 'finished' });
  };

  /** Whoever hears what leaves by a row was sent a key: in which numbers the stream goes on behind it no event tells. */
  readonly keySent = (row: number): void => {
    const session = this.#world.sessionIn(slotOf(row));
    if (session !== undefined) this.#world.sample(session);
  };

  /** The socket of a row receives one side and sends to the same one: it is that side that is not there. */
  readonly unreachable = (row: number): void => {
    const session = this.#world.sessionIn(slotOf(row));
    if (session !== undefined) {
      this.#world.command(session, { type: 'NoteUnreachable', side: sideOf(row), component: componentOfRow(row) });
    }
  };
}
