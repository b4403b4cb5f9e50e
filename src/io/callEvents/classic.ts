import type { NotifyTarget } from '../../../model/session/notify.js';
import type { Parcel } from '../../relay/callEvents/mailbox.js';
import { classicLine } from '../../relay/callEvents/ways.js';
import { type Carrier, DELIVERED, type Delivery } from '../notify/carrier.js';
import { StreamCarrier } from '../notify/stream.js';
import { XmlRpcCarrier } from '../notify/xmlrpc.js';
import type { EventCarrier } from './sender.js';

/** Tells timeouts and digits to those who listen for what rtpproxy says: a line each, or a call over XML-RPC. */
export class ClassicCarrier implements EventCarrier {
  readonly #carrier: Carrier;

  constructor(target: NotifyTarget) {
    this.#carrier = target.kind === 'xmlrpc' ? new XmlRpcCarrier(target.url) : new StreamCarrier(target);
  }

  deliver({ letter }: Parcel): Promise<Delivery> {
    if (letter === null) return Promise.resolve(DELIVERED); // There is no line for what is missing; it stands in the log.
    const { event, owner } = letter.owned;
    const { callId, fromTag, toTag } = event;
    const call = event.event === 'media-timeout' ? { callId, fromTag, toTag } : null;
    return this.#carrier.deliver({ line: classicLine(event, owner.tag), call });
  }

  close(): Promise<void> {
    return this.#carrier.close();
  }
}
