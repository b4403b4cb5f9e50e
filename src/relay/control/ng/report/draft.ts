import { type Address, familyOf } from '../../../../../model/kernel/index.js';
import type { NgValue } from '../../../../protocol/ng/value.js';

/** A dictionary while it is being made. Keys are added one by one: reports are made whenever a call ends, and spreads take their time. */
export type Draft = Record<string, NgValue>;

/** One whose keys strangers choose: tags, for example. */
export const byStrangers = (): Draft => Object.create(null);

export const placeOf = ({ host, port }: Address): Draft => ({ family: familyOf(host), address: host, port });

/** Whole seconds since 1970 of milliseconds. */
export const secondsOf = (ms: number): number => Math.floor(ms / 1000);

/**
 * How much a report tells; every one less than the one before, so that an answer fits a datagram however large its call is. `whole`: all;
 * `brief`: without how the quality went on; `lean`: of each stream the present SSRC alone, without our own additions; `totals`: no tags.
 */
export const DETAILS = ['whole', 'brief', 'lean', 'totals'] as const;
export type Detail = (typeof DETAILS)[number];
