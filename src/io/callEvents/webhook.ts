import { createHmac } from 'node:crypto';
import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request as startHttp } from 'node:http';
import { Agent as HttpsAgent, request as startHttps } from 'node:https';
import type { Parcel } from '../../relay/callEvents/mailbox.js';
import { ATTEMPT_LIMIT_MS, DELIVERED, type Delivery, failed, reasonOf, refused } from '../notify/carrier.js';
import type { EventCarrier } from './sender.js';

/** What a receiver answers is of no use; who sends more has not understood that. */
const MAX_ANSWER_BYTES = 64 << 10;

/** What a webhook asks of its surroundings. */
export type WebhookWorld = {
  /** Wall-clock time, milliseconds. */
  readonly clock: () => number;
  /** What bodies are signed with; null: they are not. Asked each time, as it may change. */
  readonly secret: () => string | null;
  /** An attempt that takes longer has failed. */
  readonly limitMs?: number;
};

/**
 * What stands in `X-Rtpbridge-Signature`: the time and the HMAC-SHA256 (RFC 2104), hexadecimal, of the time in seconds since the Unix epoch, a
 * full stop and the body. A receiver that compares both knows that the body is ours and no older than it says.
 */
export function signatureOf(secret: string, body: string, nowMs: number): string {
  const t = Math.floor(nowMs / 1000);
  return `t=${t},v1=${createHmac('sha256', secret).update(`${t}.${body}`).digest('hex')}`;
}

/** Different for all events of all runs: a receiver that gets one twice can tell. */
const eventIdOf = ({ controller, run }: { readonly controller: string; readonly run: number }, seq: number): string =>
  `${encodeURIComponent(controller)}/${Math.round(run)}/${seq}`;

/**
 * Posts events to a URL, one at a time over one connection that is kept. 2xx: it has arrived. 4xx: it never will, but for 408 and 429, which
 * ask to come again (RFC 9110 §15.5.9, RFC 6585 §4); so does anything else. Redirects are not followed.
 */
export class WebhookCarrier implements EventCarrier {
  readonly #url: string;
  readonly #world: WebhookWorld;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(url: string, world: WebhookWorld) {
    this.#url = url;
    this.#world = world;
    const options = { keepAlive: true, maxSockets: 1 };
    this.#agent = url.startsWith('https:') ? new HttpsAgent(options) : new HttpAgent(options);
  }

  deliver({ json, seq, event }: Parcel, from: { readonly controller: string; readonly run: number }): Promise<Delivery> {
    const { clock, secret } = this.#world;
    const key = secret();
    const headers = {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(json),
      'User-Agent': 'rtpbridge',
      'X-Rtpbridge-Event': event,
      'X-Rtpbridge-Event-Id': eventIdOf(from, seq),
      ...(key !== null && { 'X-Rtpbridge-Signature': signatureOf(key, json, clock()) }),
    };
    try {
      const start = this.#url.startsWith('https:') ? startHttps : startHttp;
      return this.#settle(start(this.#url, { method: 'POST', agent: this.#agent, headers }), json);
    } catch (error) {
      return Promise.resolve(refused((error as Error).message)); // A URL that is none.
    }
  }

  close(): Promise<void> {
    this.#agent.destroy();
    return Promise.resolve();
  }

  #settle(request: ClientRequest, json: string): Promise<Delivery> {
    const limitMs = this.#world.limitMs ?? ATTEMPT_LIMIT_MS;
    return new Promise<Delivery>((resolve) => {
      const limit = setTimeout(() => request.destroy(new Error(`no answer in ${limitMs / 1000} s`)), limitMs);
      let isAnswered = false;
      const settle = (delivery: Delivery): void => {
        clearTimeout(limit);
        resolve(delivery);
      };
      request.on('error', (error) => settle(failed(reasonOf(error))));
      request.once('response', (response) => {
        isAnswered = true;
        readAnswer(response, settle);
      });
      request.once('close', () => {
        if (!isAnswered) settle(failed('the connection was closed')); // Unless an error came first.
      });
      request.end(json);
    });
  }
}

/** The answer is read to its end, so that the connection can be used again. */
function readAnswer(response: IncomingMessage, resolve: (delivery: Delivery) => void): void {
  const delivery = judge(response.statusCode ?? 0);
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_ANSWER_BYTES) return;
    resolve(delivery);
    response.destroy();
  });
  // What was answered counts, even if the rest of it never comes.
  response.once('error', () => resolve(delivery)).once('close', () => resolve(delivery));
}

function judge(status: number): Delivery {
  if (status >= 200 && status <= 299) return DELIVERED;
  const reason = `HTTP status ${status}`;
  return status >= 400 && status <= 499 && status !== 408 && status !== 429 ? refused(reason) : failed(reason);
}
