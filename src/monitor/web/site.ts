/** What every route of the site works with. */
import type { Context } from 'hono';
import type { History } from '../../model/history.ts';
import type { MonitorFeed } from '../feed.ts';
import type { Metrics } from '../metrics.ts';
import type { Access } from './access.ts';
import type { ChangeStream } from './change-stream.ts';
import type { Sources } from './farm.ts';
import type { Reports } from './reports.ts';
import type { Decode } from './time-bins.ts';
import { readRange, type TimeRange } from './time-range.ts';

export type Site = {
  readonly history: History;
  readonly feed: MonitorFeed;
  readonly access: Access;
  readonly changes: ChangeStream;
  readonly reports: Reports;
  readonly metrics: Metrics;
  readonly decode: Decode;
  /** µs since 1970. */
  readonly nowAtUs: () => number;
};

export function sourcesOf({ history, feed, decode }: Site): Sources {
  return { history, state: feed.state(), decode };
}

/** An address that cannot be answered as it stands; its message is shown. */
export class BadRequest extends Error {
  override name = 'BadRequest';
}

/** Throws `BadRequest` when the address asks for a time that cannot be read. */
export function rangeOf(context: Context, site: Site): TimeRange {
  const range = readRange(new URL(context.req.url).searchParams, site.nowAtUs());
  if ('problem' in range) throw new BadRequest(range.problem);
  return range;
}
