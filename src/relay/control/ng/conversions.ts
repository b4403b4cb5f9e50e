import type { NgRequest } from '../../../protocol/ng/request.js';
import { growthBy, MAX_GROWTH } from '../../../protocol/sdp/growth.js';
import type { Sdp } from '../../../protocol/sdp/sdp.js';

const isSecureProtocol = (protocol: string): boolean => /SAVPF?$/i.test(protocol);

/**
 * What a request asks for and the relay does not do: between plain and encrypted media nothing is converted yet, said at once because a call
 * that went on would have no sound; and no description is made longer than anybody needs. Null: nothing.
 */
export function conversionProblem(request: NgRequest, sdp: Sdp): string | null {
  if (growthBy(sdp, request.sdpAttr) > MAX_GROWTH)
    return `Error rewriting SDP: sdp-attr can make it longer by more than ${MAX_GROWTH} characters`;
  return securityProblem(request, sdp);
}

function securityProblem({ transportProtocol: wanted }: NgRequest, { media }: Sdp): string | null {
  if (wanted === null || /^accept$/i.test(wanted)) return null;
  const other = media.find(
    (each) => each.carrier === 'rtp' && !each.isRejected && isSecureProtocol(each.protocol) !== isSecureProtocol(wanted),
  );
  if (other === undefined) return null;
  return `transport-protocol=${wanted}: media of ${other.protocol} is not converted, since this release does not encrypt or decrypt media; it is relayed as it is without that`;
}
