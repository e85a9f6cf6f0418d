/** Causes that only lines of the gateway and the members show. */

import type { HopOutcome } from '../../../src/model/hop.ts';
import type { Journey } from '../../../src/model/journey.ts';
import { createRandom } from '../../../src/model/random.ts';
import type { Recording } from '../../../src/model/recording.ts';
import { makeRecording } from '../../helpers/make-recording.ts';
import { evidenceOf, journeyOf, NINE, said, type Told } from '../synthetic-journeys.ts';
import { type Noise, type Row, SEC } from './row.ts';

const WITHOUT_LOGS = (): Recording =>
  makeRecording()
    .compare({ durationUs: 2 * SEC })
    .build();

/** Logs alone: as `explain` makes a recording of them. */
function logged(journeys: readonly Journey[]): Recording {
  return { ...makeRecording().build(), experiments: [], exchanges: [], logs: evidenceOf(journeys) };
}

/** Ordinary lines of both sides, as noisy as asked for. */
function ordinary(seed: number, noise: Noise, count = 60): Journey[] {
  const random = createRandom(seed).fork('lines');
  return Array.from({ length: count }, (_, index) =>
    journeyOf({
      startUs: NINE + index * SEC,
      takenUs: Math.round(40_000 * (1 + 0.1 * noise * random.next())),
      status: 200,
      reading: said('ok', 0.65),
      member: { takenUs: 30_000 },
      isSample: true,
    }),
  );
}

/** So many requests of which the gateway says this, among ordinary ones. */
function saying(seed: number, noise: Noise, outcome: HopOutcome, count: number, told: Partial<Told> = {}): Recording {
  const failed = Array.from({ length: count }, (_, index) =>
    journeyOf({ startUs: NINE + index * 7 * SEC, takenUs: 10 * SEC, status: 504, reading: said(outcome), ...told }),
  );
  return logged([...failed, ...ordinary(seed, noise)]);
}

const waited = (outcome: HopOutcome): Partial<Told> => ({ reading: said(outcome, 1, { waitedUs: 10 * SEC }) });

/** What the rows of the gateway's own words have in common. `beyond`: what it says that is nearly this, and is not. */
function wordRow(
  cause: Row['cause'],
  outcome: HopOutcome,
  beyond: HopOutcome,
  told: Partial<Told>,
  timeoutUs?: number,
): Row {
  return {
    cause,
    good: {
      make: (seed, noise) => saying(seed, noise, outcome, 30, told),
      scope: { route: 'gateway' },
      severity: 'error',
      ...(timeoutUs === undefined ? {} : { measured: { timeoutUs: { value: timeoutUs, within: 0.01 } } }),
    },
    healthy: (seed, noise) => logged(ordinary(seed, noise)),
    borderline: {
      below: (seed) => saying(seed, 1, beyond, 30, { ...told, reading: said(beyond) }),
      above: (seed) => saying(seed, 1, outcome, 10, told),
    },
    tooLittle: {
      // Lines that do not say what became of an error leave every cause open.
      recording: () => saying(1, 0, 'unknown', 20, { takenUs: 40_000, reading: said('unknown', 0) }),
      need: /lines that say what became of every error/,
    },
    notApplicable: { recording: WITHOUT_LOGS, reason: /only logs/ },
  };
}

/** Lines of a member for which the gateway has none. */
function orphans(count: number, status = 500): Journey[] {
  return Array.from({ length: count }, (_, index) => {
    const journey = journeyOf({
      startUs: NINE + index * 7 * SEC,
      takenUs: 2 * SEC,
      status,
      member: { takenUs: 2 * SEC, status },
    });
    return { ...journey, gateway: { ...journey.gateway, presence: 'absent' as const, access: [] } };
  });
}

const unjoined: Row = {
  cause: 'log/unjoined',
  good: {
    make: (seed, noise) => logged([...orphans(30), ...ordinary(seed, noise)]),
    scope: { route: 'gateway' },
    severity: 'info',
  },
  healthy: (seed, noise) => logged(ordinary(seed, noise)),
  borderline: {
    // Those that the member answered well are the health tests of every farm.
    below: (seed) => logged([...orphans(30, 200), ...ordinary(seed, 1)]),
    above: (seed) => logged([...orphans(1), ...ordinary(seed, 1)]),
  },
  tooLittle: {
    recording: () => saying(1, 0, 'unknown', 20, { takenUs: 40_000, reading: said('unknown', 0) }),
    need: /lines that say what became of every error/,
  },
  notApplicable: { recording: WITHOUT_LOGS, reason: /only logs/ },
};

export const LOG_ROWS: readonly Row[] = [
  wordRow(
    'timeout/gateway-send',
    'request/send-timeout',
    'request/send-failed',
    waited('request/send-timeout'),
    10 * SEC,
  ),
  wordRow('timeout/gateway-resolve', 'dns/timeout', 'dns/failed', waited('dns/timeout'), 10 * SEC),
  wordRow(
    'timeout/gateway-total',
    'gateway/local-timeout',
    'gateway/internal',
    waited('gateway/local-timeout'),
    10 * SEC,
  ),
  wordRow('gateway/overloaded', 'gateway/saturated', 'pool/none', { takenUs: 2_000, status: 503 }),
  unjoined,
];
