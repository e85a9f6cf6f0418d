/** Defects of the probe and its machine, made on purpose under real traffic: each must be told, and in words. */
import assert from 'node:assert/strict';
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import type net from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { probeChecks } from '../../src/detectors/probe-checks.ts';
import type { InstrumentFacts, MachineFacts } from '../../src/model/instrument.ts';
import { createRandom } from '../../src/model/random.ts';
import { UNMEASURED_QUALITY } from '../../src/model/recording.ts';
import type { ProbeCheck } from '../../src/model/report.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { createClock, createEpoch } from '../../src/traffic/clock.ts';
import { createQualityWatch } from '../../src/traffic/quality.ts';
import { resolveTargets } from '../../src/traffic/resolve.ts';
import { arrivals, packSchedule } from '../../src/traffic/schedule.ts';
import { setupOf } from '../../src/traffic/sender.ts';
import { createSending, type Pacer } from '../../src/traffic/sending.ts';
import { warmUp } from '../../src/traffic/warm-up.ts';
import { findProgram } from '../helpers/requires.ts';
import { createServers, profileOf, RUN_ID, startTestSender, targetOf } from './sending-setup.ts';

const servers = createServers();
after(() => servers.close());

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

function check(id: string, instrument: InstrumentFacts, notSentCap = 0, latenessCount = 1): ProbeCheck {
  const found = probeChecks({ ...UNMEASURED_QUALITY, latenessCount, notSentCap, instrument }).find(
    (one) => one.id === id,
  );
  assert.ok(found !== undefined, id);
  return found;
}

/** Wakes the sender every so many ms, whatever is due. */
function coarsePacer(
  everyMs: number,
): (...args: Parameters<NonNullable<Parameters<typeof createSending>[2]>>) => Pacer {
  return (_setup, onWake) => {
    let timer: NodeJS.Timeout | undefined;
    const stop = (): void => clearInterval(timer);
    return {
      ready: Promise.resolve(),
      start() {
        timer = setInterval(() => onWake(() => {}, 0), everyMs);
      },
      stop,
      close: stop,
    };
  };
}

/** The sending code in this thread, where a test can disturb it; gives what the watch saw. */
async function fireHere(ratePerSec: number, seconds: number, pacer?: ReturnType<typeof coarsePacer>) {
  const port = await servers.raw((socket) => socket.write(OK));
  const profile = profileOf({ gateway: targetOf(`http://127.0.0.1:${port}`), limits: { maxInFlight: 10_000 } });
  const epoch = createEpoch();
  const clock = createClock(epoch);
  const targets = await resolveTargets(profile, clock);
  const setup = setupOf({ profile, targets, runId: RUN_ID, version: '0.0.0-test', epoch });
  const quality = createQualityWatch(clock);
  const sending = createSending(setup, quality, pacer);
  await sending.ready;
  const times = [...arrivals('poisson', ratePerSec, seconds * 1e6, createRandom(5))];
  const common = { route: GATEWAY, request: 'home', connection: 'warm' as const };
  await sending.fire({
    type: 'fire',
    firing: 0,
    experimentId: 'burst-1',
    schedule: packSchedule(times.map((dueUs) => ({ ...common, dueUs }))),
    startUs: clock.nowUs() + 20_000,
  });
  sending.close();
  quality.seen(sending.takeFinished());
  // Pauses of the collector are told in a turn of their own.
  await sleep(20);
  return quality.finish();
}

test('a pacer that wakes every 40 ms is told as bursts that nobody planned', async () => {
  const { arrivals: facts } = await fireHere(300, 2, coarsePacer(40));
  assert.ok(facts !== undefined);
  assert.equal(check('pacer', { arrivals: facts }).state, 'invalid', JSON.stringify(facts));
  assert.equal(check('arrival-law', { arrivals: facts }).state, 'caution', JSON.stringify(facts));
});

test('a thread that throws memory away is told by the requests that its collector touched', async () => {
  const kept: unknown[][] = [];
  let round = 0;
  const hog = setInterval(() => {
    kept[round++ % 6] = Array.from({ length: 60_000 }, (_, i) => ({ i, text: `${i}` }));
  }, 15);
  const quality = await fireHere(300, 1.5).finally(() => clearInterval(hog));
  assert.ok(quality.gcPauseMaxUs > 1_000, JSON.stringify(quality));
  assert.ok((quality.collector?.touched ?? 0) > 0, JSON.stringify(quality.collector));
  assert.ok((quality.collector?.requests ?? 0) > 300);
});

test('a limit of one request under way makes a closed loop of an open one, and that is told', async () => {
  const port = await servers.raw(async (socket) => {
    await sleep(15);
    socket.write(OK);
  });
  const sender = await startTestSender({ gateway: targetOf(`http://127.0.0.1:${port}`), limits: { maxInFlight: 1 } });
  const shots = [...arrivals('poisson', 600, 4e6, createRandom(5))].map((dueUs) => ({ route: GATEWAY, dueUs }));
  const exchanges = await sender.send(shots);
  const quality = await sender.close();
  const notSent = exchanges.filter(({ outcome }) => outcome.kind === 'not-sent').length;
  assert.ok(notSent > exchanges.length / 2, `${notSent} of ${exchanges.length}`);
  const told = check('open-loop', {}, notSent, exchanges.length - notSent);
  assert.equal(told.state, 'caution');
  assert.match(told.text, /as in a closed loop/);
  assert.ok(quality.arrivals !== undefined);
  // A machine so slow that fewer than 100 requests were sent has no law to judge.
  if (exchanges.length - notSent > 110)
    assert.equal(
      check('arrival-law', { arrivals: quality.arrivals }).state,
      'caution',
      JSON.stringify(quality.arrivals),
    );
  assert.equal(quality.launched, sender.exchanges.length, 'what was not sent is in the books as well');
});

test('a target that stops answering half-way is asked less from then on, and that is told', async () => {
  let answered = 0;
  const port = await servers.raw((socket) => {
    if (++answered <= 400) socket.write(OK);
  });
  const sender = await startTestSender({
    gateway: targetOf(`http://127.0.0.1:${port}`),
    limits: { maxInFlight: 20, requestTimeoutUs: 2_500_000 },
  });
  const shots = [...arrivals('poisson', 400, 2e6, createRandom(5))].map((dueUs) => ({ route: GATEWAY, dueUs }));
  await sender.send(shots);
  const { arrivals: facts } = await sender.close();
  assert.ok(facts !== undefined);
  const told = check('drift', { arrivals: facts });
  assert.equal(told.state, 'caution', JSON.stringify(facts));
  assert.match(told.text, /towards the end it showed at [\d.]+ % of the load of the beginning/);
});

/** Steady traffic before a server that answers by hand; gives what was counted of its connections. */
async function reuseBefore(answer: (socket: net.Socket) => void, seconds = 1) {
  const sender = await startTestSender({ gateway: targetOf(`http://127.0.0.1:${await servers.raw(answer)}`) });
  const shots = [...arrivals('poisson', 200, seconds * 1e6, createRandom(5))].map((dueUs) => ({
    route: GATEWAY,
    dueUs,
    tag: { kind: 'load' as const },
  }));
  await sender.send(shots);
  const { reuse = [] } = await sender.close();
  assert.equal(reuse[0]?.asked, shots.length);
  return check('reuse', { reuse });
}

test('a target that closes after each answer, or soon when idle, has no warm connections, and that is told', async () => {
  const closing = await reuseBefore((socket) => {
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  });
  assert.equal(closing.state, 'caution', closing.text);
  assert.match(closing.text, /the gateway closed \d+ after an answer.*, so (9\d(\.\d)?|100) % of/);
  const impatient = await reuseBefore((socket) => {
    socket.setTimeout(1, () => socket.end());
    socket.write(OK);
  });
  assert.equal(impatient.state, 'caution', impatient.text);
  assert.match(impatient.text, /while idle/);
});

test('a target that answers everything is asked evenly', async () => {
  const { arrivals: facts } = await fireHere(150, 2);
  assert.ok(facts !== undefined);
  assert.equal(check('drift', { arrivals: facts }).state, 'good', JSON.stringify(facts));
});

test('a target that keeps its connections has them used again', async () => {
  const keeping = await reuseBefore((socket) => socket.write(OK));
  assert.equal(keeping.state, 'good', keeping.text);
  assert.match(keeping.text, /^0 of /);
});

test('a thread that is held up after it was free is told by its blank before and after', async () => {
  const epoch = createEpoch();
  const clock = createClock(epoch);
  const profile = profileOf({ gateway: targetOf('http://127.0.0.1:9') });
  const setup = setupOf({ profile, targets: [], runId: RUN_ID, version: '0.0.0-test', epoch });
  const blankUs = await warmUp(setup, clock);
  const hog = setInterval(() => {
    const until = performance.now() + 25;
    while (performance.now() < until) {}
  }, 1);
  const blankAfterUs = await warmUp(setup, clock).finally(() => clearInterval(hog));
  assert.ok(blankUs !== undefined && blankAfterUs !== undefined);
  assert.equal(check('blank-after', { blankUs, blankAfterUs }).state, 'caution', `${blankUs} ${blankAfterUs}`);
});

test('a sending thread without a defect balances its books and knows its blank', async () => {
  const port = await servers.raw((socket) => socket.write(OK));
  const sender = await startTestSender({ gateway: targetOf(`http://127.0.0.1:${port}`) });
  await sender.send(Array.from({ length: 50 }, (_, i) => ({ route: GATEWAY, dueUs: i * 2_000 })));
  const quality = await sender.close();
  assert.equal(quality.launched, 50);
  assert.ok((quality.blankUs ?? 0) > 0);
  assert.ok((quality.blankAfterUs ?? 0) > 0);
  assert.equal(quality.collector?.requests, 50);
  assert.ok((quality.starvation?.activeUs ?? 0) > 0);
});

/** In a network of its own with four ports: root on Linux only. */
const FOUR_PORTS = [
  '-n',
  'sh',
  '-c',
  'ip link set lo up && echo "40000 40003" > /proc/sys/net/ipv4/ip_local_port_range && exec "$0" "$1"',
];

async function mayHaveOwnNetwork(): Promise<string | false> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux';
  if (findProgram('unshare') === undefined || findProgram('ip') === undefined) return 'needs unshare and ip';
  try {
    await promisify(execFile)('unshare', ['-n', 'true']);
    return false;
  } catch {
    return 'this container may not make a network of its own';
  }
}

test('a machine with four local ports runs out of them, and the target is not blamed', {
  skip: await mayHaveOwnNetwork(),
}, async () => {
  const script = fileURLToPath(new URL('port-shortage.ts', import.meta.url));
  const { stdout } = await promisify(execFile)('unshare', [...FOUR_PORTS, process.execPath, script]);
  const { outcomes, portShortages } = JSON.parse(stdout) as { outcomes: readonly string[]; portShortages: number };
  assert.ok(portShortages > 0, stdout);
  assert.equal(outcomes.filter((outcome) => outcome === 'error:ports').length, portShortages, stdout);
});

/** A control group of its own with 5 ms of processor time in every 100 ms; undefined where this system gives none. */
function makeQuota(): { readonly members: string; remove(): void } | undefined {
  const name = `gateprobe-test-${process.pid}`;
  const second = { folder: join('/sys/fs/cgroup', name), quota: 'cpu.max', value: '5000 100000' };
  const first = { folder: join('/sys/fs/cgroup/cpu', name), quota: 'cpu.cfs_quota_us', value: '5000' };
  for (const { folder, quota, value } of [first, second]) {
    try {
      mkdirSync(folder);
    } catch {
      continue;
    }
    const remove = (): void => rmdirSync(folder);
    try {
      writeFileSync(join(folder, quota), value);
      return { members: join(folder, 'cgroup.procs'), remove };
    } catch {
      remove();
    }
  }
  return undefined;
}

test('a quota of the container that holds the probe back makes the run not valid', async (t) => {
  const quota = process.platform === 'linux' ? makeQuota() : undefined;
  if (quota === undefined) return t.skip('needs a control group with a processor quota: root on Linux');
  const child = fork(fileURLToPath(new URL('cpu-quota.ts', import.meta.url)));
  try {
    await once(child, 'message');
    writeFileSync(quota.members, String(child.pid));
    child.send('go');
    const [machine] = (await once(child, 'message')) as [MachineFacts];
    const told = check('quota', { machine });
    assert.equal(told.state, 'invalid', JSON.stringify(machine));
    assert.match(told.text, /the processor quota of this container held its programs back \d+ times/);
    await once(child, 'exit');
  } finally {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    quota.remove();
  }
});
