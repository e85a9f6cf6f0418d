/** Several sending threads as one: each gets its part of an order, and what they tell is put together. */
import type { ThreadFacts } from '../model/instrument.ts';
import { createDepartureJoin } from './departures.ts';
import { createLedger, type Ledger } from './firing-ledger.ts';
import type { Done, FiringResult, SenderEnd, SenderSetup, SeqNumbers, ThreadQuality } from './protocol.ts';
import type { Group, Outlets, Part } from './sender-group.ts';
import { type SenderThread, startSenderThread, type ThreadOutlets } from './sender-thread.ts';
import { createSharedCounts, freePlaces, launchedBy, type SharedCounts, sentTogether } from './shared-limits.ts';
import { joinQualities, joinStray } from './thread-qualities.ts';

/** One sending thread among several, and what came from it. Mutable. */
type Member = {
  readonly number: number;
  readonly thread: SenderThread;
  ledger: Ledger | undefined;
  /** Exchanges that are recorded of it. */
  recorded: number;
  ended: ThreadFacts['ended'];
};

/** `startThread` starts the thread with this place: for tests that want to end one. */
export async function startSeveral(
  setup: SenderSetup,
  count: number,
  outlets: Outlets,
  startThread: typeof startSenderThread = startSenderThread,
): Promise<Group> {
  const shared = createSharedCounts(count, setup.routes.length);
  const members: Member[] = [];
  try {
    // One after the other: each measures its own time with nothing in between when it starts.
    for (let number = 0; number < count; number++) {
      const member: Omit<Member, 'thread'> = { number, ledger: undefined, recorded: 0, ended: undefined };
      const own = { ...setup, place: { number, count, shared } };
      const thread = await startThread(own, recordingOutlets(member, outlets), `gateprobe sender ${number + 1}`);
      members.push(Object.assign(member, { thread }));
    }
  } catch (error) {
    await Promise.all(members.map(({ thread }) => thread.terminate()));
    throw error;
  }
  return severalGroup(members, shared, outlets);
}

function recordingOutlets(member: Omit<Member, 'thread'>, { sink, rowSink }: ThreadOutlets): ThreadOutlets {
  return {
    sink(exchanges) {
      member.recorded += exchanges.length;
      member.ledger?.see(exchanges);
      sink(exchanges);
    },
    rowSink(rows) {
      member.recorded += rows.count;
      member.ledger?.seeRows(rows);
      rowSink(rows);
    },
  };
}

function severalGroup(members: readonly Member[], shared: SharedCounts, outlets: Outlets): Group {
  const departures = createDepartureJoin();
  let nextSeq = 0;
  const failureOf = (): Error =>
    new Error(`no sending thread is left: ${members.map(({ ended }) => ended?.because).join('; ')}`);

  /** Those that take orders; one that ended between two firings had nothing to do. */
  function living(): readonly Member[] {
    for (const member of members) {
      const failure = member.thread.failure();
      if (failure !== undefined) member.ended ??= { because: reasonOf(member, failure), lost: 0 };
    }
    const left = members.filter(({ ended }) => ended === undefined);
    if (left.length === 0) throw failureOf();
    return left;
  }

  return {
    size: () => living().length,
    async perform(experimentId, parts) {
      const first = nextSeq;
      const step = parts.length;
      const on = living();
      const dones = await Promise.all(
        parts.map((part, i) =>
          performPart(on[i] as Member, part, { experimentId, numbers: { first: first + i, step }, shared, outlets }),
        ),
      );
      // One above the highest number given out.
      nextSeq = Math.max(first, ...dones.map((done) => done.nextSeq - step + 1));
      const left = dones.flatMap((done) => done.departures ?? []);
      // With a part missing the gaps between requests would be those of no plan.
      if (left.length === parts.length) departures.firing(left);
      if (members.every(({ ended }) => ended !== undefined)) throw failureOf();
      return joinResults(dones.map(({ result }) => result));
    },
    tell(command) {
      for (const { thread } of members) thread.post(command);
    },
    inFlight: () => members.reduce((sum, { thread, ended }) => sum + (ended === undefined ? thread.inFlight() : 0), 0),
    sent: () => sentTogether(shared),
    async close() {
      living();
      const ends = await Promise.all(members.map(endOf));
      const told = ends.flatMap((end) => end ?? []);
      if (told.length === 0) throw failureOf();
      const threads = members.map((member, i) => factsOf(member, ends[i]?.quality));
      return {
        quality: joinQualities(told, threads, departures.facts()),
        stray: joinStray(told.map(({ stray }) => stray)),
      };
    },
  };
}

type Performing = {
  readonly experimentId: string;
  readonly numbers: SeqNumbers;
  readonly shared: SharedCounts;
  readonly outlets: Outlets;
};

/** Resolves also where the thread ends meanwhile: then what it did not report is recorded as lost. */
async function performPart(
  member: Member,
  part: Part,
  { experimentId, numbers, shared, outlets }: Performing,
): Promise<Done> {
  const launchedBefore = launchedBy(shared, member.number);
  const ledger = createLedger(experimentId, outlets.runId, numbers, part.duty);
  member.ledger = ledger;
  try {
    return await member.thread.order((firing) => part.command(firing, numbers));
  } catch (error) {
    // What it has already said still arrives, nothing after that.
    await member.thread.terminate();
    freePlaces(shared, member.number);
    const launched = launchedBy(shared, member.number) - launchedBefore;
    const lost = ledger.lost(launched, outlets.clock.nowUs());
    const because = reasonOf(member, error);
    member.ended = { because, lost: lost.length };
    member.recorded += lost.length;
    if (lost.length > 0) outlets.sink(lost);
    const given = Math.max(part.duty.count, launched);
    return {
      result: { due: given, sent: ledger.sent(), failed: because },
      nextSeq: numbers.first + given * numbers.step,
    };
  } finally {
    member.ledger = undefined;
  }
}

function reasonOf({ number }: Member, error: unknown): string {
  return `number ${number + 1}: ${(error as Error).message}`;
}

async function endOf(member: Member): Promise<SenderEnd | undefined> {
  if (member.ended !== undefined) {
    await member.thread.terminate();
    return undefined;
  }
  try {
    return await member.thread.close();
  } catch (error) {
    member.ended = { because: reasonOf(member, error), lost: 0 };
    return undefined;
  }
}

/** What a thread that ended early gave out is what is recorded of it. */
function factsOf({ recorded, ended }: Member, quality: ThreadQuality | undefined): ThreadFacts {
  return {
    launched: quality?.launched ?? recorded,
    ...(quality === undefined ? {} : { busyRatio: quality.busyRatio }),
    ...(ended === undefined ? {} : { ended }),
  };
}

function joinResults(results: readonly FiringResult[]): FiringResult {
  const [first] = results;
  const failed = results.flatMap((result) => result.failed ?? []);
  const unaccounted = results.flatMap((result) => result.unaccounted ?? []);
  return {
    due: results.reduce((sum, { due }) => sum + due, 0),
    sent: results.reduce((sum, { sent }) => sum + sent, 0),
    ...(first?.engine === undefined ? {} : { engine: first.engine }),
    ...(unaccounted.length === 0 ? {} : { unaccounted: unaccounted.reduce((sum, count) => sum + count, 0) }),
    ...(failed.length === 0 ? {} : { failed: failed.join('; ') }),
  };
}
