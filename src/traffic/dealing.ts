/** How one plan becomes the parts of several sending threads: dealt out like cards, so that together they are the same plan. */
import type { ExchangeTag } from '../model/exchange.ts';
import type { ClosedLoop } from './protocol.ts';
import type { Schedule } from './schedule.ts';

/**
 * What is sent at one moment, at an exact distance or on a certain connection: volleys and what runs beside them, idle gaps, delays,
 * connections that are held or were opened beforehand. Only one thread knows its connections, and sends one after the other.
 */
const TOGETHER: ReadonlySet<ExchangeTag['kind']> = new Set([
  'volley',
  'beside',
  'idle',
  'delay',
  'keep-alive',
  'prepare',
]);

export function needsOneThread({ shapes }: Schedule): boolean {
  return shapes.some(({ tag, holdUs }) => holdUs !== undefined || (tag !== undefined && TOGETHER.has(tag.kind)));
}

/** Number i goes to part i mod `count`; no part is empty, unless all are. */
export function dealSchedule(schedule: Schedule, count: number): readonly Schedule[] {
  const parts = Math.min(count, schedule.dueUs.length);
  return parts <= 1 ? [schedule] : Array.from({ length: parts }, (_, part) => partOf(schedule, part, parts));
}

function partOf({ dueUs, shapeIndex, slot, shapes }: Schedule, first: number, step: number): Schedule {
  const length = Math.ceil((dueUs.length - first) / step);
  const part = {
    dueUs: new Float64Array(new SharedArrayBuffer(8 * length)),
    shapeIndex: new Uint16Array(length),
    slot: new Int32Array(length),
    shapes,
  };
  for (let i = 0; i < length; i++) {
    const from = first + i * step;
    part.dueUs[i] = dueUs[from] as number;
    part.shapeIndex[i] = shapeIndex[from] as number;
    part.slot[i] = slot[from] as number;
  }
  return part;
}

/** The connections of a closed loop, at most one more for one thread than for another. Autocannon keeps its connections in one thread. */
export function dealConnections(load: ClosedLoop, count: number): readonly ClosedLoop[] {
  const parts = load.engine === 'autocannon' ? 1 : Math.min(count, load.connections);
  if (parts <= 1) return [load];
  return Array.from({ length: parts }, (_, part) => ({
    ...load,
    connections: Math.ceil((load.connections - part) / parts),
    share: { first: part, step: parts, of: load.connections },
  }));
}
