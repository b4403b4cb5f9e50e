/**
 * Scenarios for sipp, made of steps: what one end of a call sends, and what it expects, in order. Everything that names the call is
 * written out, so that a test knows it beforehand; only routes and the headers of replies are sipp's to copy.
 */

/** One end of a call in SIP. */
export type End = {
  /** The user part of its address. */
  readonly name: 'caller' | 'callee';
  readonly host: string;
  readonly port: number;
  readonly tag: string;
};

export type Dialog = {
  readonly callId: string;
  /** Makes the branches of this call's Via headers its own, also where another call has the same Call-ID. */
  readonly key: string;
  readonly caller: End;
  readonly callee: End;
  /** Further headers of every request. */
  readonly headers: Headers;
};

/** Values by name, without the `X-` in front of it. */
export type Headers = Readonly<Record<string, string>>;

type Method = 'INVITE' | 'ACK' | 'BYE' | 'CANCEL' | 'UPDATE';

export type Step =
  | { readonly do: 'send'; readonly method: Method; readonly sdp: string | null; readonly headers: Headers }
  | { readonly do: 'expect'; readonly status: number }
  | { readonly do: 'receive'; readonly method: Method }
  | { readonly do: 'respond'; readonly status: number; readonly sdp: string | null }
  | { readonly do: 'cancelled' }
  | { readonly do: 'wait' }
  | { readonly do: 'pause'; readonly ms: number };

/** Sends a request. ACK and CANCEL belong to the INVITE that was sent last. `headers`: other ones than those of the call. */
export const send = (method: Method, sdp: string | null = null, headers: Headers = {}): Step => ({
  do: 'send',
  method,
  sdp,
  headers,
});
/** Waits for a reply; provisional ones before it are let pass, but for a 183. */
export const expect = (status: number): Step => ({ do: 'expect', status });
export const receive = (method: Method): Step => ({ do: 'receive', method });
/** Answers the request that was received last; behind a `wait`, the last INVITE. */
export const respond = (status: number, sdp: string | null = null): Step => ({ do: 'respond', status, sdp });
/** Answers the first INVITE with 487, after the CANCEL was received and answered. */
export const cancelled: Step = { do: 'cancelled' };
/** Waits until the test says so; see `GO_ON`. */
export const wait: Step = { do: 'wait' };

/** Does nothing for so long; nothing may come meanwhile. */
export const pause = (ms: number): Step => ({ do: 'pause', ms });
/**
 * The answer of the caller to a BYE by which Kamailio ends a dialog: with the answer to that the dialog has ended, and where it comes before the
 * BYE for the callee is sent, that one is not sent any more ("terminating non-confirmed dialogs not supported").
 */
export const endedByProxy: readonly Step[] = [receive('BYE'), pause(200), respond(200)];

/** The request by which the test lets an end go on. It is not answered. */
export const GO_ON = 'INFO';

/** The branch of the nth request (from 1) that an end of the call sends in a transaction of its own. */
export const branchOf = ({ key }: Dialog, name: End['name'], n: number): string => `z9hG4bK-${key}-${name}-${n}`;

/** An offered or answered audio stream of 20 ms of PCMU. */
export function audio(host: string, port: number, ...lines: readonly string[]): string {
  return session(host, [`m=audio ${port} RTP/AVP 0`, 'a=rtpmap:0 PCMU/8000', ...lines]);
}

/** A session description with these lines behind its head. */
export function session(host: string, lines: readonly string[]): string {
  const family = host.includes(':') ? 'IP6' : 'IP4';
  return ['v=0', `o=- 1 1 IN ${family} ${host}`, 's=interop', `c=IN ${family} ${host}`, 't=0 0', ...lines].join('\n');
}

/** The whole scenario of one end, for `sipp -sf`. The Contact of the callee is sipp's key `target`. */
export function scenario(dialog: Dialog, name: End['name'], steps: readonly Step[]): string {
  const script = new Script(dialog, name);
  const parts = steps.map((step) => script.add(step));
  return `<?xml version="1.0" encoding="ISO-8859-1"?>\n<scenario name="${name}">\n${parts.join('')}</scenario>\n`;
}

class Script {
  readonly #dialog: Dialog;
  readonly #own: End;
  readonly #other: End;
  #transactions = 0;
  #invite = { sequence: 0, transaction: 0 };
  #inDialog = false;
  #lastStatus = 0;
  #lastReceived: Method | null = null;
  /** Of the first INVITE: until then requests that it gets have no tag of its own. */
  #isAnswered = false;

  constructor(dialog: Dialog, name: End['name']) {
    this.#dialog = dialog;
    this.#own = dialog[name];
    this.#other = dialog[name === 'caller' ? 'callee' : 'caller'];
  }

  add(step: Step): string {
    switch (step.do) {
      case 'send':
        return this.#send(step);
      case 'expect':
        return this.#expect(step.status);
      case 'receive':
        this.#lastReceived = step.method;
        return `<recv request="${step.method}"${this.#inDialog ? '' : ' rrs="true"'}/>\n`;
      case 'respond':
        return this.#respond(step.status, step.sdp);
      case 'cancelled':
        return this.#cancelled();
      case 'wait':
        this.#lastReceived = 'INVITE';
        return `<recv request="${GO_ON}"/>\n`;
      case 'pause':
        return `<pause milliseconds="${step.ms}"/>\n`;
    }
  }

  #expect(status: number): string {
    this.#lastStatus = status;
    const routes = this.#inDialog ? '' : ' rrs="true"';
    if (status >= 180) this.#inDialog = true;
    const skipped = [100, 180].filter((code) => code < status).map((code) => `<recv response="${code}" optional="true"/>\n`);
    return `${skipped.join('')}<recv response="${status}"${routes}/>\n`;
  }

  #send({ method, sdp, headers }: Extract<Step, { do: 'send' }>): string {
    const isNew = !this.#inDialog;
    // An ACK for a failure and a CANCEL are of the INVITE's transaction (RFC 3261 §17.1.1.3, §9.1), and take its way.
    const isOfInvite = method === 'CANCEL' || (method === 'ACK' && this.#lastStatus >= 300);
    if (!isOfInvite) this.#transactions++;
    if (method === 'INVITE') this.#invite = { sequence: this.#transactions, transaction: this.#transactions };
    const sequence = method === 'ACK' || method === 'CANCEL' ? this.#invite.sequence : this.#transactions;
    const branch = branchOf(this.#dialog, this.#own.name, isOfInvite ? this.#invite.transaction : this.#transactions);
    const isInitial = isNew || isOfInvite;
    const knowsTag = !isNew && method !== 'CANCEL';
    return message(
      [
        // sipp keeps the Contact of the first reply, which need not be of who answers a call that was forked.
        `${method} ${this.#own.name === 'caller' ? '[target]' : '[next_url]'} SIP/2.0`,
        `Via: SIP/2.0/UDP [local_ip]:[local_port];branch=${branch}`,
        ...(isInitial ? [] : ['[routes]']),
        'Max-Forwards: 70',
        `From: <${addressOf(this.#own)}>;tag=${this.#own.tag}`,
        `To: <${addressOf(this.#other)}>${knowsTag ? `;tag=${this.#other.tag}` : ''}`,
        `Call-ID: ${this.#dialog.callId}`,
        `CSeq: ${sequence} ${method}`,
        `Contact: <sip:${this.#own.name}@[local_ip]:[local_port]>`,
        ...Object.entries({ ...this.#dialog.headers, ...headers }).map(([name, value]) => `X-${name}: ${value}`),
      ],
      sdp,
      method !== 'ACK',
    );
  }

  #respond(status: number, sdp: string | null): string {
    const isToInvite = this.#lastReceived === 'INVITE';
    const tag = isToInvite && !this.#isAnswered ? `;tag=${this.#own.tag}` : '';
    if (isToInvite) this.#inDialog = true;
    if (isToInvite && status >= 200) this.#isAnswered = true;
    return message(
      [
        statusLine(status),
        '[last_Via:]',
        '[last_Record-Route:]',
        '[last_From:]',
        `[last_To:]${tag}`,
        `Call-ID: ${this.#dialog.callId}`,
        '[last_CSeq:]',
        `Contact: <sip:${this.#own.name}@[local_ip]:[local_port]>`,
      ],
      sdp,
      status >= 200 && isToInvite,
    );
  }

  /** A CANCEL has one Via, which is the INVITE's first; the second one is the caller's. */
  #cancelled(): string {
    const { caller, callId } = this.#dialog;
    return message(
      [
        statusLine(487),
        '[last_Via:]',
        `Via: SIP/2.0/UDP ${caller.host}:${caller.port};branch=${branchOf(this.#dialog, 'caller', 1)}`,
        '[last_From:]',
        `To: <${addressOf(this.#own)}>;tag=${this.#own.tag}`,
        `Call-ID: ${callId}`,
        'CSeq: 1 INVITE',
      ],
      null,
      true,
    );
  }
}

const REASONS: Readonly<Record<number, string>> = {
  180: 'Ringing',
  183: 'Session Progress',
  200: 'OK',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
};

const statusLine = (status: number): string => `SIP/2.0 ${status} ${REASONS[status] ?? 'Unexpected'}`;

const addressOf = ({ name }: End): string => `sip:${name}@127.0.0.1`;

/** Nothing is lost on one machine; one that is slow shall not see everything twice, since each time is a command to the relay. */
const REPEAT_MS = 4_000;

/** @param repeated whether sipp sends it again until it is answered */
function message(head: readonly string[], sdp: string | null, repeated: boolean): string {
  const body = sdp === null ? ['Content-Length: 0', ''] : ['Content-Type: application/sdp', 'Content-Length: [len]', '', sdp];
  return `<send${repeated ? ` retrans="${REPEAT_MS}"` : ''}>\n<![CDATA[\n\n${[...head, ...body].join('\n')}\n\n]]>\n</send>\n`;
}
