import { Agent, type IncomingMessage, request as startRequest } from 'node:http';
import {
  ATTEMPT_LIMIT_MS,
  type Carrier,
  DELIVERED,
  type Delivery,
  failed,
  type Notice,
  type NotifyCall,
  reasonOf,
  refused,
} from './carrier.js';

const METHOD = 'dlg.terminate_dlg';
const MAX_ANSWER_CHARS = 64 << 10;

/** Kamailio's word for a dialog that is over, which may be our doing: each stream of a call has a session of its own that times out. */
const DIALOG_IS_OVER = /dialog not found/i;

/**
 * Asks a SIP proxy over XML-RPC to end the dialog of a call, as Kamailio with its modules xmlrpc and dialog does it: call-id, from-tag,
 * to-tag. The line of the notice plays no part.
 */
export class XmlRpcCarrier implements Carrier {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(url: string) {
    this.#url = url;
  }

  deliver({ call }: Notice): Promise<Delivery> {
    if (call === null) return Promise.resolve(refused('over XML-RPC it can only be told that a call has ended'));
    try {
      return this.#post(Buffer.from(methodCall(call), 'latin1'));
    } catch (error) {
      return Promise.resolve(refused((error as Error).message)); // A URL that is none, or not http.
    }
  }

  close(): Promise<void> {
    this.#agent.destroy();
    return Promise.resolve();
  }

  #post(body: Buffer): Promise<Delivery> {
    const headers = { 'Content-Type': 'text/xml', 'Content-Length': body.length };
    const request = startRequest(this.#url, { method: 'POST', agent: this.#agent, headers });
    return new Promise<Delivery>((resolve) => {
      const limit = setTimeout(() => request.destroy(new Error(`no answer in ${ATTEMPT_LIMIT_MS / 1000} s`)), ATTEMPT_LIMIT_MS);
      request.once('close', () => clearTimeout(limit));
      request.once('error', (error) => resolve(failed(reasonOf(error))));
      request.once('response', (response) => readAnswer(response, resolve));
      request.end(body);
    });
  }
}

function readAnswer(response: IncomingMessage, resolve: (delivery: Delivery) => void): void {
  let text = '';
  response.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
    if (text.length > MAX_ANSWER_CHARS) response.destroy(new Error('its answer has no end'));
  });
  response.once('error', (error) => resolve(failed(reasonOf(error))));
  response.once('end', () => resolve(judge(response.statusCode ?? 0, text)));
  response.once('close', () => resolve(failed('its answer was cut off'))); // Unless one of the others came first.
}

function judge(status: number, text: string): Delivery {
  if (status < 200 || status > 299) return failed(`HTTP status ${status}`);
  if (!/<fault\b/.test(text) || DIALOG_IS_OVER.test(text)) return DELIVERED;
  const [, reason] = /faultString\s*<\/name>\s*<value>\s*(?:<string>)?([^<]*)/.exec(text) ?? [];
  return refused(reason?.trim() || 'a fault without a reason');
}

const methodCall = ({ callId, fromTag, toTag }: NotifyCall): string =>
  `<?xml version="1.0"?>\n<methodCall><methodName>${METHOD}</methodName><params>${[callId, fromTag, toTag ?? '']
    .map((text) => `<param><value><string>${escapeText(sipPart(text))}</string></value></param>`)
    .join('')}</params></methodCall>\n`;

/**
 * What the SIP dialog knows of a Call-ID or tag: control clients append the number of the stream (`tag;1`) or the branch (`id;branch`),
 * and no Call-ID or tag of SIP holds a semicolon (RFC 3261 §25.1: `callid`, `token`).
 */
const sipPart = (text: string): string => text.split(';', 1)[0]!;

const escapeText = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
