import { peekCall } from '../../../protocol/ng/peekCall.js';
import type { NgCommand } from '../../../protocol/ng/request.js';
import { type AllowList, allows, parseAllowList } from '../../ng/allowList.js';
import type { NgClientTable } from '../../ng/clientTable.js';
import { ngCounter } from '../../ng/ngCounters.js';
import type { NgExecutor } from '../../ng/ngExecutor.js';
import type { NgOrigin } from '../../ng/ngOrigin.js';
import type { ShardServer } from '../../supervisor/shardServer.js';
import { NO_PROMPTS } from './ngExecution.js';

/** What concerns the relay as a whole, or needs something found first. */
const FOR_MAIN: ReadonlySet<NgCommand> = new Set(['list', 'statistics', 'events', 'play media']);

/** Carries out what comes to a media thread by a socket of its own. */
export class ThreadExecutor implements NgExecutor {
  readonly #server: ShardServer;
  readonly #clients: NgClientTable;
  /** What was read of the last payload: the same one is asked about several times. */
  #payload = '';
  #command: NgCommand | null = null;
  #call: string | null = null;
  #allowed: { readonly entries: readonly string[]; readonly list: AllowList } = { entries: [], list: [] };

  /** `clients`: where requests are counted by who asks. */
  constructor(server: ShardServer, clients: NgClientTable) {
    this.#server = server;
    this.#clients = clients;
  }

  call(payload: string): string | null {
    this.#read(payload);
    return this.#call;
  }

  needsMain(payload: string): boolean {
    this.#read(payload);
    return this.#command !== null && FOR_MAIN.has(this.#command);
  }

  execute(payload: string, origin: NgOrigin): string {
    this.#read(payload);
    const { counters } = this.#server.world.shard;
    const command = this.#command;
    counters.addToShard((command === null ? null : ngCounter(command)) ?? 'ngOthers', 1);
    const { reply, isError } = this.#server.carryOutNg({ call: this.#call ?? '', payload, origin, prompts: NO_PROMPTS });
    this.#clients.count(origin.client, command, isError);
    return reply;
  }

  /** Whether a client with this address may ask at all: the settings say. */
  admits(client: string): boolean {
    const entries = this.#server.world.setting.allow;
    if (entries.length === 0) return true;
    if (this.#allowed.entries !== entries) {
      const list = parseAllowList(entries);
      this.#allowed = { entries, list: list.ok ? list.value : [] };
    }
    return allows(this.#allowed.list, client);
  }

  #read(payload: string): void {
    if (payload === this.#payload) return;
    const peeked = peekCall(payload);
    this.#payload = payload;
    this.#command = peeked?.command ?? null;
    this.#call = peeked?.callId ?? null;
  }
}
