import { ok, type Result } from '../../../../model/kernel/index.js';
import type { Owner } from '../../../../model/session/dialogue.js';
import type { NgRequest } from '../../../protocol/ng/request.js';
import { ownerFor } from '../../callEvents/ways.js';
import type { NgExecution } from './ngExecution.js';

/** Whom the events of a call go to. Null: nobody asked for them, here or in the settings. */
export function ownerOf(
  { controller, notify, notifyTag, xmlrpcCallback }: NgRequest,
  execution: NgExecution,
): Result<Owner | null, string> {
  const { setting, origin } = execution;
  const { events, permitted } = setting;
  // rtpengine takes an address here that stands in a URL of its configuration: there is none of that, so it says nothing.
  const callback = xmlrpcCallback !== null && /^https?:/.test(xmlrpcCallback) ? [`xmlrpc:${xmlrpcCallback}`] : [];
  const ways = [...notify, ...callback];
  if (controller === null && ways.length === 0 && events.ways.length === 0) return ok(null);
  return ownerFor({ controller, notify: ways, notifyTag }, origin, events, permitted);
}
