import { dirname } from 'node:path';
import { ok, type Result, refuse } from '../../model/kernel/index.js';
import { packageVersion } from '../cli/version.js';
import { EventOffice } from '../io/callEvents/eventOffice.js';
import { clock } from '../io/clock.js';
import type { Logger } from '../io/logging.js';
import { NgConnections } from '../io/ng/connections.js';
import { openNg } from '../io/ng/openNg.js';
import { openThreadSockets, type ThreadSockets } from '../io/ng/threadSockets.js';
import { inheritedSockets } from '../io/process/inheritance.js';
import { KeptSounds } from '../io/prompts/keptSounds.js';
import { shardCount } from '../io/threads/shardCount.js';
import type { OwnedEvent } from '../relay/callEvents/callEvent.js';
import { controllerOf, hearingProblem } from '../relay/callEvents/ways.js';
import { EarlyRequests } from '../relay/ng/earlyRequests.js';
import { formatNgAddress, isForThreads } from '../relay/ng/ngAddress.js';
import { ngDocument } from '../relay/ng/ngDocuments.js';
import type { NgHandler } from '../relay/ng/ngOrigin.js';
import type { RelayOptions } from '../relay/options.js';
import type { PromptSource } from '../relay/ports.js';
import type { NgLink } from '../relay/supervisor/dispatch.js';
import type { TakenUp } from '../relay/supervisor/messages.js';
import { NgDispatch } from '../relay/supervisor/ngDispatch.js';
import { ngRepliesOf } from '../relay/supervisor/takenUp.js';
import type { Closing, Plan } from './plan.js';

/** What of the NG protocol is there before the media threads are: they serve sockets of it, and tell of calls. */
export type NgBeginning = {
  readonly sockets: ThreadSockets | null;
  /** Carries out what the threads cannot. */
  readonly handle: NgHandler;
  readonly onEvent: (owned: OwnedEvent) => void;
  readonly office: EventOffice;
  readonly connections: NgConnections;
  /** What is to be undone when the last event has gone out. */
  readonly last: Closing;
  /** Who carries it out, as soon as that is known. */
  serve(handler: NgHandler): void;
};

/** Opens what must be open before the media threads begin. Where there are no Linux system calls, the main thread serves all listeners. */
export async function beginNg(
  options: RelayOptions,
  plan: Plan,
  log: Logger,
  closing: Closing,
): Promise<Result<NgBeginning, string>> {
  const udp = plan.ng.filter((address) => isForThreads(address, options));
  const addresses = udp.map((address) => ({
    ...{ name: formatNgAddress(address), host: address.host, port: address.port, ipv6: address.family === 'IPv6' },
  }));
  const sockets = udp.length > 0 ? await openThreadSockets(addresses, shardCount(options.workers), inheritedSockets()) : ok(null);
  if (!sockets.ok) return refuse(sockets.error);
  if (sockets.value !== null) closing.push(async () => sockets.value?.close());
  const connections = new NgConnections();
  const { settings } = plan.live.now;
  const office = new EventOffice({ settings: settings.events, connections, clock, warn: (text) => log.error(text) });
  const last: Closing = [];
  closing.push(async (leave) => {
    for (const close of last) await close(leave);
  });
  closing.push(() => office.close());
  const early = new EarlyRequests();
  return ok({
    ...{ sockets: sockets.value, office, connections, last },
    handle: early.handle,
    onEvent: (owned) => office.take(owned),
    serve: (handler) => early.serve(handler),
  });
}

type NgServed = {
  readonly links: readonly NgLink[];
  readonly prompts: PromptSource;
  readonly takenUp: readonly TakenUp[];
  readonly log: Logger;
};

/** Opens the listeners that the main thread serves, and lets the media threads' requests be answered. Rejects with one line. */
export async function openNgControl(begun: NgBeginning, plan: Plan, served: NgServed, closing: Closing): Promise<NgDispatch> {
  const { office, connections, sockets } = begun;
  const { links, prompts, takenUp, log } = served;
  const sounds = new KeptSounds({ folder: `${dirname(plan.logFolder)}/prompts`, warn: (text) => log.error(text) });
  const dispatch = new NgDispatch(links, {
    ...{ prompts, nowMs: clock },
    keepSound: sounds.keep,
    attach: (controller, origin, after) =>
      origin.connection === null
        ? 'events: expected a request over TCP or WebSocket'
        : office.attach(controller, origin.connection, after),
    use: (request, origin) => {
      if (origin.connection === null) return;
      const asked = [...request.notify, ...plan.live.now.settings.events.ways];
      const controller = controllerOf(request.controller, origin);
      const mayHear = hearingProblem(controller, origin.identity) === null;
      if (mayHear && asked.includes('connection')) office.use(controller, origin.connection);
    },
  });
  begun.serve(dispatch.handle);
  const mine = plan.ng.filter((address) => sockets === null || address.transport !== 'udp');
  if (mine.length > 0) {
    const listeners = await openNg(mine, {
      ...{ handle: dispatch.handle, connections, access: plan.live.now.settings.control },
      onWarning: (text) => log.error(text),
      documents: { openApi: ngDocument('openapi', packageVersion()), schema: ngDocument('schema', packageVersion()) },
      inherited: inheritedSockets(),
      eventStreams: office,
      replies: ngRepliesOf(takenUp),
    });
    // Calls that the end of the relay ends have events, too: the connections by which those go out outlast the media threads.
    begun.last.push(() => listeners.close());
    closing.push(async () => listeners.rest());
    plan.live.onCheck(({ settings }) => listeners.checkAccess(settings.control));
    plan.live.onSettings(({ settings }) => {
      const changed = listeners.setAccess(settings.control);
      if (!changed.ok) log.error(changed.error);
    });
  }
  plan.live.onSettings(({ settings }) => {
    office.settings = settings.events;
  });
  return dispatch;
}
