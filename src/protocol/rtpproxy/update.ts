import { type Address, ok, type Result, refuse, udpPort } from '../../../model/kernel/index.js';
import { parseIPv4 } from '../bytes/sockaddr.js';
import type { RtpproxyCommand, UpdateCommand } from './command.js';
import { ERROR_CODES as E, type ErrorCode } from './errors.js';

type Modifiers = Pick<UpdateCommand, 'weak' | 'asymmetric' | 'codecs'>;

/** U and L after their letter: `call address port from [to] [notify-socket notify-tag]`. */
export function parseUpdate(
  verb: 'update' | 'lookup',
  letters: string,
  args: readonly string[],
): Result<RtpproxyCommand, ErrorCode> {
  const [call, host, port, from, to] = args;
  // Seven tokens are no To tag, but a notification; eight are both.
  const notifyTag = args.length === 6 ? args[5] : args[6];
  if (notifyTag !== undefined && !isUrlEncoded(notifyTag)) return refuse(E.notifyTag);
  const modifiers = parseModifiers(letters);
  if (!modifiers.ok) return modifiers;
  const remote = parseRemote(host!, port!);
  if (!remote.ok) return remote;
  if (notifyTag !== undefined) return refuse(E.notifyNotPermitted); // No notification socket can be permitted yet.
  const tags = { from: from!, to: to ?? null };
  return ok({ verb, call: call!, tags, ...remote.value, ...modifiers.value });
}

const isUrlEncoded = (text: string): boolean => !/%(?![0-9a-fA-F]{2})/.test(text);

function parseModifiers(letters: string): Result<Modifiers, ErrorCode> {
  let weak = false;
  let ipv6 = false;
  let asymmetric: boolean | null = null;
  let codecs: readonly number[] | null = null;
  for (let i = 0; i < letters.length; i++) {
    switch (letters.charAt(i).toLowerCase()) {
      case 'a':
        asymmetric = true;
        break;
      case 's':
        asymmetric = false;
        break;
      case 'w':
        weak = true;
        break;
      case 'c': {
        const list = /^[0-9,]*/.exec(letters.slice(i + 1))![0];
        if (list === '' || codecs !== null) return refuse(E.codecList);
        codecs = list.split(',').filter(Boolean).map(Number);
        i += list.length;
        break;
      }
      // Bridging and IPv6 media are not configurable yet: the answers are those of an rtpproxy without them.
      case 'e':
        return refuse(E.externalModifier);
      case 'i':
        return refuse(E.internalModifier);
      case '6':
        ipv6 = true;
        break;
      default:
        return refuse(E.updateModifier);
    }
  }
  if (ipv6) return refuse(E.noSuchFamily);
  return ok({ weak, asymmetric, codecs: codecs ?? [] });
}

const SHORTEST_IPV4 = 7;
const LONGEST_IPV4 = 15;

function parseRemote(host: string, port: string): Result<{ remote: Address | null; held: boolean }, ErrorCode> {
  if (host.length < SHORTEST_IPV4 || host.length > LONGEST_IPV4) return ok({ remote: null, held: false });
  const value = parseIPv4(host);
  if (value === null || !/^\d+$/.test(port)) return refuse(E.remoteAddress);
  if (value === 0) return ok({ remote: null, held: true });
  if (Number(port) === 0) return ok({ remote: null, held: false }); // A stream that is turned off (RFC 3264 §6): nothing is sent there.
  return ok({ remote: { host, port: udpPort(Number(port) % 65536) }, held: false });
}
