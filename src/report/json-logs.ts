/** What `report.json` says about logs: moments are ISO 8601, lengths are milliseconds. */
import type { LogReport } from '../model/report.ts';
import { isoTime } from './format.ts';
import { type JsonObject, toMs } from './json-exhibit.ts';

export function writeLogs(logs: LogReport): JsonObject {
  return {
    sources: logs.sources.map(({ firstAtUs, lastAtUs, ...source }) => ({
      ...source,
      firstAt: isoTime(firstAtUs),
      lastAt: isoTime(lastAtUs),
    })),
    clocks: logs.clocks.map(({ offsetUs, errorUs, ...clock }) => ({
      ...clock,
      offsetMs: toMs(offsetUs),
      errorMs: toMs(errorUs),
    })),
    classes: logs.classes.map(({ firstAtUs, lastAtUs, ...one }) => ({
      ...one,
      firstAt: isoTime(firstAtUs),
      lastAt: isoTime(lastAtUs),
    })),
    preflight: logs.preflight,
    problems: logs.problems,
    balance: logs.balance,
  };
}
