import { type AnswerRows, exchangeOfRow, ROW, rowValue } from '../model/answer-rows.ts';
import { type Exchange, isFailure, outcomeKey, responseTimeUs } from '../model/exchange.ts';
import { createRandom } from '../model/random.ts';
import { createHeap, type Heap } from './heap.ts';
import { createRowStore } from './row-store.ts';
import { createSample } from './sample.ts';

/** How many exchanges a run keeps one by one. Every exchange is counted in windows, kept or not. */
export type KeepCaps = {
  /** All failures up to this number, then a sample per experiment, route and outcome. */
  readonly failures: number;
  /** The slowest of each experiment and route; fewer when there are so many of these that `slowestTotal` is reached. */
  readonly slowest: number;
  readonly slowestTotal: number;
  /** Everything else up to this number, then a sample per experiment and route. */
  readonly others: number;
  /** Failures that keep the answer's headers and body; beyond, only the first few of each experiment, route and outcome. */
  readonly failureAnswers: number;
  /** Exchanges per route that keep their answer although nothing went wrong. */
  readonly answersPerRoute: number;
};

/** 40 000 exchanges of about 1 kB and 2 000 answers of at most 4 kB body stay below 60 MB. */
export const DEFAULT_CAPS: KeepCaps = {
  failures: 5_000,
  slowest: 200,
  slowestTotal: 5_000,
  others: 15_000,
  failureAnswers: 2_000,
  answersPerRoute: 20,
};

/** Answers that a rare kind of failure keeps even when `failureAnswers` is used up by frequent ones. */
const ANSWERS_PER_FAILURE_GROUP = 20;

/** Few by design and each a measurement of its own: dropped only when nothing else is left to drop. */
const PROTECTED_KINDS: ReadonlySet<string> = new Set(['canary', 'idle', 'delay', 'volley', 'beside', 'keep-alive']);

export type KeptExchanges = {
  add(exchange: Exchange): void;
  /** The same for rows of ordinary answers: only what is kept at first becomes an exchange. */
  addRows(rows: AnswerRows): void;
  /** In order of `seq`. */
  exchanges(): readonly Exchange[];
};

/** Decides which exchanges are kept. Same seed, same exchanges in the same order: same choice. */
export function createKeptExchanges(seed: number, caps: KeepCaps): KeptExchanges {
  const failures = createSample<Exchange>(caps.failures);
  const store = createRowStore();
  /** A number is a row's place in the store. */
  const others = createSample<Exchange | number>(caps.others, (item) => {
    if (typeof item === 'number') store.free(item);
  });
  const firsts: Exchange[] = [];
  const firstsPerRoute = new Map<string, number>();
  const priorityOf = createPriority(seed);
  const selectFailureAnswer = createFailureAnswers(caps);

  const offerOther = (exchange: Exchange): void => {
    others.offer(otherGroup(exchange), isProtected(exchange), priorityOf(exchange), exchange);
  };
  const slowest = createSlowest(caps, offerOther);

  const othersKept = (): Exchange[] =>
    others.items().map((item) => (typeof item === 'number' ? store.exchange(item) : item));
  const keepFirst = (exchange: Exchange): boolean => {
    if (exchange.answer === undefined) return false;
    const count = firstsPerRoute.get(exchange.route) ?? 0;
    if (count >= caps.answersPerRoute) return false;
    firstsPerRoute.set(exchange.route, count + 1);
    firsts.push(exchange);
    return true;
  };

  const add = (exchange: Exchange): void => {
    if (isFailure(exchange)) {
      const role = isProtected(exchange) ? exchange.tag?.kind : '';
      const group = `${exchange.experimentId}\n${exchange.route}\n${outcomeKey(exchange.outcome)}\n${role}`;
      const kept = selectFailureAnswer(group, exchange);
      failures.offer(group, isProtected(exchange), priorityOf(exchange), kept);
    } else if (!keepFirst(exchange)) {
      const bare = withoutAnswer(exchange);
      if (exchange.sentUs === undefined) offerOther(bare);
      else slowest.add(bare);
    }
  };
  return {
    add,
    addRows(rows) {
      const { experimentId, route } = rows;
      const group = otherGroup({ experimentId, route, sentUs: 0 });
      let limitUs = slowest.limitUs(rows);
      for (let row = 0; row < rows.count; row++) {
        const elapsedUs = rowValue(rows, row, ROW.endUs) - rowValue(rows, row, ROW.sentUs);
        if (elapsedUs > limitUs) {
          add(exchangeOfRow(rows, row));
          limitUs = slowest.limitUs(rows);
        } else {
          const priority = priorityOf({ experimentId, seq: rowValue(rows, row, ROW.seq) });
          if (others.admits(group, priority)) others.offer(group, false, priority, store.put(rows, row));
        }
      }
    },
    exchanges: () =>
      [...failures.items(), ...slowest.exchanges(), ...othersKept(), ...firsts].sort((a, b) => a.seq - b.seq),
  };
}

function isProtected(exchange: Pick<Exchange, 'tag'>): boolean {
  return exchange.tag !== undefined && PROTECTED_KINDS.has(exchange.tag.kind);
}

/** Exchanges of a slot are in one group whatever their route, because they share a priority and are dropped together. */
function otherGroup(exchange: Pick<Exchange, 'experimentId' | 'route' | 'sentUs' | 'slot' | 'tag'>): string {
  if (exchange.slot !== undefined) return `${exchange.experimentId}\nslots`;
  const role = isProtected(exchange) ? exchange.tag?.kind : exchange.sentUs === undefined ? 'unsent' : 'sent';
  return `${exchange.experimentId}\n${exchange.route}\n${role}`;
}

function withoutAnswer(exchange: Exchange): Exchange {
  if (exchange.answer === undefined) return exchange;
  const { answer: _dropped, ...bare } = exchange;
  return bare;
}

/** A pseudo-random number per slot, or per exchange outside of slots, that depends on the seed only. */
function createPriority(seed: number): (exchange: Pick<Exchange, 'experimentId' | 'slot' | 'seq'>) => number {
  const random = createRandom(seed).fork('kept-exchanges');
  const salts = new Map<string, number>();
  return ({ experimentId, slot, seq }) => {
    let salt = salts.get(experimentId);
    if (salt === undefined) {
      salt = Math.floor(random.fork(experimentId).next() * 2 ** 32);
      salts.set(experimentId, salt);
    }
    return mixed(salt ^ Math.imul((slot ?? seq) + 1, 0x9e3779b1));
  };
}

/** Finaliser of MurmurHash3: every input bit changes each output bit with probability one half. */
function mixed(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function createFailureAnswers(caps: KeepCaps): (group: string, exchange: Exchange) => Exchange {
  const perGroup = new Map<string, number>();
  let total = 0;
  return (group, exchange) => {
    if (exchange.answer === undefined) return exchange;
    const inGroup = perGroup.get(group) ?? 0;
    if (total >= caps.failureAnswers && inGroup >= ANSWERS_PER_FAILURE_GROUP) return withoutAnswer(exchange);
    perGroup.set(group, inGroup + 1);
    total++;
    return exchange;
  };
}

type Slowest = {
  add(exchange: Exchange): void;
  /** One with a response time above this would be among them. */
  limitUs(about: Pick<Exchange, 'experimentId' | 'route'>): number;
  exchanges(): Exchange[];
};

/** The slowest exchanges of each experiment and route, by response time. What is not among them any more goes to `rest`. */
function createSlowest(caps: KeepCaps, rest: (exchange: Exchange) => void): Slowest {
  const groups = new Map<string, Heap<Exchange>>();
  let perGroup = caps.slowest;
  const trim = (group: Heap<Exchange>): void => {
    while (group.size > perGroup) {
      const dropped = group.pop();
      if (dropped !== undefined) rest(dropped);
    }
  };
  const keyOf = ({ experimentId, route }: Pick<Exchange, 'experimentId' | 'route'>): string =>
    `${experimentId}\n${route}`;
  return {
    limitUs(about) {
      const group = groups.get(keyOf(about));
      if (group?.first === undefined || group.size < perGroup) return -1;
      return responseTimeUs(group.first);
    },
    add(exchange) {
      const key = keyOf(exchange);
      let group = groups.get(key);
      if (group === undefined) {
        group = createHeap((a, b) => responseTimeUs(a) - responseTimeUs(b));
        groups.set(key, group);
        perGroup = Math.min(caps.slowest, Math.floor(caps.slowestTotal / groups.size));
        for (const other of groups.values()) trim(other);
      }
      const fastest = group.first;
      if (group.size >= perGroup && (fastest === undefined || responseTimeUs(exchange) <= responseTimeUs(fastest))) {
        rest(exchange);
        return;
      }
      group.push(exchange);
      trim(group);
    },
    exchanges: () => [...groups.values()].flatMap((group) => [...group.items()]),
  };
}
