import { readdirSync, readFileSync } from 'node:fs';

// What the kernel says about processes: /proc/PID/{stat,status,task/*/schedstat}, /proc/stat (proc(5)).

const TICKS_PER_SECOND = 100; // USER_HZ: what the kernel shows to programs, on every architecture that Node runs on.

/** CPU time that each thread of a relay has used, nanoseconds. */
export type CpuReading = ReadonlyMap<string, number>;

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // The process or thread has just ended.
  }
}

/** The fields of /proc/PID/stat from the third on; the second, the name, may contain anything. */
function statFields(pid: number): string[] {
  const text = read(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** A process and all its descendants. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = Number(statFields(Number(entry))[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const tree = [root];
  for (let i = 0; i < tree.length; i++) tree.push(...(children.get(tree[i]!) ?? []));
  return tree;
}

/** Reads the CPU time of all threads of the processes, kernel threads that work for them (io_uring's) included. */
export function readCpu(pids: readonly number[]): CpuReading {
  const reading = new Map<string, number>();
  for (const pid of pids) {
    for (const thread of listDirectory(`/proc/${pid}/task`)) {
      const nanoseconds = Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]);
      if (nanoseconds > 0) reading.set(`${pid}/${thread}`, nanoseconds);
    }
  }
  return reading;
}

function listDirectory(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

/** CPU time between two readings, µs. A thread that ended in between is left out. */
export function cpuBetweenUs(before: CpuReading, after: CpuReading): number {
  let nanoseconds = 0;
  for (const [thread, value] of after) nanoseconds += value - (before.get(thread) ?? 0);
  return nanoseconds / 1000;
}

/**
 * The kernel's threads that finish network work which did not fit into the system calls of the programs. What they do for a relay is
 * charged to nobody; empty in a container, which cannot see them.
 */
export function softirqThreads(): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && read(`/proc/${entry}/comm`).startsWith('ksoftirqd/'))
    .map(Number);
}

/** User and system time of the processes by the clock tick, µs: coarser, a check on the other. */
export function readTicksUs(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const fields = statFields(pid);
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  }
  return (ticks / TICKS_PER_SECOND) * 1e6;
}

/** Resident memory of the processes, bytes. */
export function readRssBytes(pids: readonly number[]): number {
  let kilobytes = 0;
  for (const pid of pids) kilobytes += Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
  return kilobytes * 1024;
}

/** What all processors did since boot, in ticks. */
export type MachineReading = { readonly total: number; readonly idle: number; readonly stolen: number };

export function readMachine(): MachineReading {
  const ticks = read('/proc/stat').split('\n')[0]!.trim().split(/\s+/).slice(1, 9).map(Number);
  const total = ticks.reduce((sum, value) => sum + value, 0);
  return { total, idle: ticks[3]! + ticks[4]!, stolen: ticks[7] ?? 0 };
}

/** How busy the machine was between two readings, percent of all its processors; `stolen` is what the hypervisor gave to others. */
export function machineBetween(before: MachineReading, after: MachineReading): { busyPercent: number; stolenPercent: number } {
  const total = Math.max(1, after.total - before.total);
  return {
    busyPercent: 100 * (1 - (after.idle - before.idle) / total),
    stolenPercent: (100 * (after.stolen - before.stolen)) / total,
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
