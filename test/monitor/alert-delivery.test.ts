import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createRandom } from '../../src/model/random.ts';
import type { Clock } from '../../src/model/time.ts';
import { type AlertDelivery, type AlertTarget, createAlertDelivery } from '../../src/monitor/alert-delivery.ts';
import type { AlertTemplate } from '../../src/monitor/alert-payloads.ts';
import { noticeText, payloadOf } from '../../src/monitor/alert-payloads.ts';
import type { Notice } from '../../src/monitor/alerting.ts';

const AT_US = Date.UTC(2026, 2, 2, 3, 4) * 1_000;

function noticeOf(kind: Notice['kind'] = 'opened', title = 'shop: member web1 refuses <!channel> & all'): Notice {
  return {
    kind,
    atUs: AT_US + 60_000_000,
    alert: {
      id: 'shop/connection/refused/1',
      profile: 'shop',
      cause: 'connection/refused',
      urgency: 'page',
      openedAtUs: AT_US,
      routes: ['direct:web1'],
      rules: ['3-of-5'],
      title,
      because: 'direct:web1: 3 of the last 5 rounds failed',
    },
  };
}

type Received = { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: unknown };

/** A real server of 127.0.0.1 that answers with these statuses in turn, the last one for ever. */
async function receiver(statuses: readonly number[]): Promise<{ url: string; received: Received[]; server: Server }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const status = statuses[Math.min(received.length, statuses.length - 1)] ?? 200;
      received.push({
        path: request.url ?? '',
        headers: request.headers,
        body: JSON.parse(Buffer.concat(parts).toString()),
      });
      response.writeHead(status, status === 429 ? { 'retry-after': '30' } : {}).end('ok');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received, server };
}

/** Pauses are noted and take no time. */
function instantClock(): { clock: Clock; pausesUs: number[] } {
  const pausesUs: number[] = [];
  const clock: Clock = {
    nowUs: () => 0,
    wallMs: () => AT_US / 1_000,
    sleep: (us) => {
      pausesUs.push(us);
      return Promise.resolve();
    },
  };
  return { clock, pausesUs };
}

async function delivered(
  statuses: readonly number[],
  template: AlertTemplate,
  more: Partial<AlertTarget> = {},
  notices: readonly Notice[] = [noticeOf()],
): Promise<{ delivery: AlertDelivery; received: Received[]; pausesUs: number[]; problems: string[] }> {
  const { url, received, server } = await receiver(statuses);
  const { clock, pausesUs } = instantClock();
  const problems: string[] = [];
  const delivery = createAlertDelivery({
    targets: [{ name: 'ops', url, template, ...more }],
    clock,
    random: createRandom(1),
    signal: new AbortController().signal,
    onProblem: (name, text) => problems.push(`${name} ${text}`),
  });
  try {
    for (const notice of notices) delivery.send(notice);
    await delivery.settled();
  } finally {
    server.closeAllConnections();
    server.close();
  }
  return { delivery, received, pausesUs, problems };
}

test('Alertmanager gets its v2 alerts, and the end of one under the same labels', async () => {
  const { received, delivery } = await delivered([200], 'alertmanager', {}, [noticeOf(), noticeOf('recovered')]);
  assert.deepEqual(
    received.map(({ path }) => path),
    ['/api/v2/alerts', '/api/v2/alerts'],
  );
  const alerts = received.map(({ body }) => (body as Record<string, unknown>[])[0] ?? {});
  assert.deepEqual(alerts[0]?.['labels'], alerts[1]?.['labels']);
  assert.equal(alerts[0]?.['startsAt'], '2026-03-02T03:04:00.000Z');
  assert.equal(alerts[0]?.['endsAt'], '2026-03-03T03:05:00.000Z');
  assert.equal(alerts[1]?.['endsAt'], '2026-03-02T03:05:00.000Z');
  assert.deepEqual(delivery.state(), [{ name: 'ops', delivered: 2, lost: 0, waiting: 0, failedTries: 0 }]);
});

test('webhooks get the template they ask for, with their headers', async () => {
  const slack = await delivered([200], 'slack', { headers: { authorization: 'Bearer abc' } });
  assert.equal(slack.received[0]?.headers.authorization, 'Bearer abc');
  assert.equal(slack.received[0]?.headers['content-type'], 'application/json');
  const text = (slack.received[0]?.body as { text?: string } | undefined)?.text ?? '';
  assert.match(text, /^Alert: shop: member web1 refuses &lt;!channel&gt; &amp; all/);
  const generic = await delivered([200], 'generic');
  const body = generic.received[0]?.body as { kind: string; alert: { id: string; urgency: string } };
  assert.deepEqual([body.kind, body.alert.id, body.alert.urgency], ['opened', 'shop/connection/refused/1', 'page']);
  const teams = await delivered([202], 'teams');
  assert.match(JSON.stringify(teams.received[0]?.body), /"type":"AdaptiveCard".*connection\/refused/);
});

test('a receiver that fails is asked again, later each time, and the problem is seen until it works', async () => {
  const { delivery, received, pausesUs, problems } = await delivered([503, 500, 429, 200], 'generic');
  assert.equal(received.length, 4);
  assert.deepEqual(problems, ['ops answered 503', 'ops answered 500', 'ops answered 429']);
  const [first = 0, second = 0, third = 0] = pausesUs;
  assert.ok(first >= 1e6 && first <= 1.5e6 && second >= 2e6 && second <= 3e6, pausesUs.join(' '));
  assert.ok(third >= 30e6 && third <= 45e6, 'as long as it asked for');
  assert.deepEqual(delivery.state(), [{ name: 'ops', delivered: 1, lost: 0, waiting: 0, failedTries: 3 }]);
});

test('what the receiver refuses is lost at once, and said', async () => {
  const { delivery, received } = await delivered([400, 200], 'generic', {}, [noticeOf(), noticeOf('recovered')]);
  assert.equal(received.length, 2);
  assert.deepEqual(delivery.state(), [{ name: 'ops', delivered: 1, lost: 1, waiting: 0, failedTries: 1 }]);
});

test('a receiver that is not there is given up after ten tries; its URL is never told', async () => {
  const { url, server } = await receiver([200]);
  server.close();
  await once(server, 'close');
  const { clock } = instantClock();
  const delivery = createAlertDelivery({
    targets: [{ name: 'ops', url: `${url}/hook/SECRET`, template: 'slack' }],
    clock,
    random: createRandom(1),
    signal: new AbortController().signal,
  });
  delivery.send(noticeOf());
  await delivery.settled();
  const [state] = delivery.state();
  assert.deepEqual([state?.delivered, state?.lost, state?.failedTries], [0, 1, 10]);
  assert.equal(state?.problem?.text, 'could not be reached (ECONNREFUSED)');
  assert.doesNotMatch(JSON.stringify(state), /SECRET/);
});

test('more than a hundred waiting push out the oldest, and an end empties the queue', async () => {
  const stop = new AbortController();
  const { clock } = instantClock();
  const delivery = createAlertDelivery({
    targets: [{ name: 'ops', url: 'http://127.0.0.1:9', template: 'slack' }],
    clock: {
      ...clock,
      sleep: (_us, signal) =>
        new Promise((end) => (signal?.aborted ? end() : signal?.addEventListener('abort', () => end()))),
    },
    random: createRandom(1),
    signal: stop.signal,
  });
  for (let i = 0; i < 120; i++) delivery.send(noticeOf());
  assert.equal(delivery.state()[0]?.waiting, 100);
  stop.abort();
  await delivery.settled();
  assert.deepEqual([delivery.state()[0]?.waiting, delivery.state()[0]?.lost], [0, 120]);
});

test('every kind of notice is one line', () => {
  for (const kind of ['opened', 'worse', 'reminder', 'flapping', 'recovered'] as const)
    assert.match(noticeText(noticeOf(kind, 'shop: it fails')), /^[^\n]+shop: it fails \([^\n]+\)$/);
  assert.match(JSON.stringify(payloadOf('teams', noticeOf(), { pageUrl: 'http://127.0.0.1:8464/' })), /Action.OpenUrl/);
});
