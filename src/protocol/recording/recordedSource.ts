import { type Address, udpPort } from '../../../model/kernel/index.js';
import { formatIPv6 } from '../bytes/sockaddr.js';

const IPV4_BYTES = 4;
const IPV6_BYTES = 16;

/**
 * Who has sent the packets of a recording. Their address seldom changes, so it is made text once for each change and not for each packet.
 */
export class RecordedSource {
  readonly #host = new Uint8Array(IPV6_BYTES);
  #length = 0;
  #address: Address = { host: '', port: udpPort(0) };

  /** The address whose host stands at `at` in network order: 4 or 16 bytes. `port`: 0…65535. */
  addressOf(bytes: Uint8Array, at: number, length: 4 | 16, port: number): Address {
    let isSame = this.#length === length && this.#address.port === port;
    for (let i = 0; isSame && i < length; i++) isSame = this.#host[i] === bytes[at + i];
    if (isSame) return this.#address;
    this.#length = length;
    this.#host.set(bytes.subarray(at, at + length));
    this.#address = {
      host: length === IPV4_BYTES ? this.#host.subarray(0, IPV4_BYTES).join('.') : this.#hostOfIPv6(),
      port: udpPort(port),
    };
    return this.#address;
  }

  #hostOfIPv6(): string {
    const groups = Array.from({ length: 8 }, (_, i) => this.#host[i * 2]! * 256 + this.#host[i * 2 + 1]!);
    return formatIPv6(groups);
  }
}
