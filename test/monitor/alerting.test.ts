import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../src/model/random.ts';
import { type Alerting, createAlerting, type Notice } from '../../src/monitor/alerting.ts';

const MINUTE = 60_000_000;

/** Feeds rounds of one minute: `x` failed, `.` did not. */
function feed(
  alerting: Alerting,
  course: string,
  more: { route?: string; cause?: string; fromMinute?: number } = {},
): Notice[] {
  const { route = 'gateway', fromMinute = 0 } = more;
  return [...course].flatMap((letter, i) =>
    alerting.observe({
      profile: 'shop',
      route,
      atUs: (fromMinute + i) * MINUTE,
      count: 1,
      failed: letter === 'x' ? 1 : 0,
      ...(more.cause === undefined ? {} : { cause: more.cause, title: `it is ${more.cause}` }),
    }),
  );
}
const kinds = (notices: readonly Notice[]): string[] => notices.map(({ kind }) => kind);
const calm = (rounds: number): string => '.'.repeat(rounds);

test('an outage is told once, paged, and its end is told', () => {
  const alerting = createAlerting();
  const notices = feed(alerting, `${calm(30)}xxxxxxxxxx`);
  assert.deepEqual(kinds(notices), ['opened']);
  assert.equal(notices[0]?.alert.urgency, 'page');
  assert.match(notices[0]?.alert.because ?? '', /gateway: 3 of the last 5 rounds failed/);
  assert.equal(alerting.open().length, 1);
  const after = feed(alerting, calm(3_000), { fromMinute: 40 });
  assert.deepEqual(kinds(after), ['recovered']);
  assert.equal(after[0]?.alert.id, notices[0]?.alert.id);
  assert.deepEqual(alerting.open(), []);
});

test('a blip of one or two rounds is not told', () => {
  assert.deepEqual(feed(createAlerting(), `${calm(30)}x${calm(600)}x${calm(30)}`), []);
  assert.deepEqual(kinds(feed(createAlerting({ pagesOnly: true }), `${calm(30)}xx${calm(600)}`)), []);
});

test('routes of one cause are one alert, other causes are another', () => {
  const alerting = createAlerting();
  feed(alerting, calm(10));
  const first = feed(alerting, 'xxx', { cause: 'connection/refused', route: 'direct:web1', fromMinute: 10 });
  const same = feed(alerting, 'xxx', { cause: 'connection/refused', route: 'gateway', fromMinute: 10 });
  const other = feed(alerting, 'xxx', { cause: 'application/error', route: 'direct:web2', fromMinute: 10 });
  assert.deepEqual([kinds(first), kinds(same), kinds(other)], [['opened'], [], ['opened']]);
  assert.deepEqual(
    alerting.open().map(({ cause, routes }) => [cause, routes]),
    [
      ['connection/refused', ['direct:web1', 'gateway']],
      ['application/error', ['direct:web2']],
    ],
  );
});

test('what comes and goes is told as flapping, once, and again when it is calm', () => {
  const alerting = createAlerting();
  const notices = feed(alerting, `${calm(30)}${'xx..'.repeat(40)}${calm(3_000)}`);
  assert.deepEqual(kinds(notices), ['opened', 'flapping', 'recovered']);
});

test('an open alert is told again after the time that was asked for', () => {
  const alerting = createAlerting({ repeatUs: 60 * MINUTE });
  assert.deepEqual(kinds(feed(alerting, `${calm(30)}${'x'.repeat(150)}`)), ['opened', 'reminder', 'reminder']);
});

test('a silence holds notices back until its end, and not longer', () => {
  const alerting = createAlerting();
  alerting.silence({ profile: 'shop', fromAtUs: 0, untilAtUs: 60 * MINUTE, reason: 'release' });
  assert.deepEqual(feed(alerting, `${calm(30)}${'x'.repeat(30)}`), []);
  assert.deepEqual(kinds(alerting.tick(60 * MINUTE)), ['opened']);
  const over = createAlerting();
  over.silence({ route: 'gateway', fromAtUs: 0, untilAtUs: 60 * MINUTE, reason: 'release' });
  assert.deepEqual(feed(over, `${calm(30)}${'x'.repeat(10)}${calm(3_000)}`), [], 'all was over before the silence');
  const elsewhere = createAlerting();
  elsewhere.silence({ profile: 'other', fromAtUs: 0, untilAtUs: 60 * MINUTE, reason: 'release' });
  assert.deepEqual(kinds(feed(elsewhere, `${calm(30)}xxx`)), ['opened']);
});

test('a slow burn is a ticket; an outage on top of it makes it a page', () => {
  const alerting = createAlerting();
  const slow = feed(alerting, `${calm(34)}x`.repeat(20));
  assert.equal(slow[0]?.alert.urgency, 'ticket');
  const worse = feed(alerting, 'xxxxx', { fromMinute: 700 });
  assert.deepEqual(kinds(worse), ['worse']);
  assert.equal(worse[0]?.alert.urgency, 'page');
});

test('a month of one failure in a thousand: nobody is paged, and seldom told', () => {
  let notices = 0;
  for (let seed = 1; seed <= 6; seed++) {
    const random = createRandom(seed);
    const alerting = createAlerting();
    for (let minute = 0; minute < 30 * 1_440; minute++)
      for (const { kind, alert } of feed(alerting, random.next() < 0.001 ? 'x' : '.', { fromMinute: minute })) {
        if (kind === 'opened') notices++;
        assert.notEqual(alert.urgency, 'page', `seed ${seed}, minute ${minute}`);
      }
  }
  assert.ok(notices <= 18, `${notices} in six months`);
});

test('a page says what fails now, not what opened the ticket that it came from', () => {
  const alerting = createAlerting();
  feed(alerting, calm(30));
  // An outage of web2 that the gateway met; its page is over, and a rule of the ticket goes on.
  const outage = feed(alerting, 'xxxxxxxxxx', { cause: 'one-member', fromMinute: 30 });
  assert.match(outage[0]?.alert.title ?? '', /it is one-member/);
  feed(alerting, calm(80), { fromMinute: 40 });
  const later = feed(alerting, 'xxx', { cause: 'gateway-only', fromMinute: 120 });
  assert.deepEqual(
    later.map(({ kind, alert }) => [kind, alert.urgency, alert.title, alert.cause, alert.id.split('/')[1]]),
    [
      ['opened', 'ticket', 'shop: it is gateway-only', 'gateway-only', 'gateway-only'],
      ['worse', 'page', 'shop: it is gateway-only', 'gateway-only', 'gateway-only'],
    ],
  );
});

test('a told ticket that becomes a page keeps its name and says what fails now', () => {
  const alerting = createAlerting();
  feed(alerting, calm(30));
  // One failure every half hour: a ticket, and no page.
  const ticket = feed(alerting, `x${calm(29)}`.repeat(12), { cause: 'one-member', fromMinute: 30 });
  assert.deepEqual(
    ticket.map(({ kind, alert }) => [kind, alert.urgency]),
    [['opened', 'ticket']],
  );
  const worse = feed(alerting, 'xxx', { cause: 'gateway-only', fromMinute: 390 });
  assert.deepEqual(
    worse.map(({ kind, alert }) => [kind, alert.id, alert.cause, alert.title]),
    [['worse', ticket[0]?.alert.id, 'one-member', 'shop: it is gateway-only']],
  );
});

test('a gateway that fails at every other request because of a member that is down does not come and go', () => {
  const rounds = (memberDown: string): string[] => {
    const alerting = createAlerting();
    return [...memberDown].flatMap((letter, i) => {
      const about = { cause: 'one-member', fromMinute: i };
      const direct = feed(alerting, letter, { ...about, route: 'direct:web2' });
      return kinds([...direct, ...feed(alerting, letter === 'x' && i % 2 === 0 ? 'x' : '.', about)]);
    });
  };
  assert.deepEqual(rounds(`${calm(30)}${'x'.repeat(40)}${calm(60)}`), ['opened', 'recovered']);
  assert.deepEqual(rounds(`${calm(30)}${'xx..'.repeat(20)}${calm(60)}`), ['opened', 'flapping', 'recovered']);
});
