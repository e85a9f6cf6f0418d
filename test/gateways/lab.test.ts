import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GatewayKind } from '../../src/model/profile.ts';
import { GATEWAYS } from './gateways.ts';
import type { LabCase } from './lab-cases.ts';
import { labCases } from './lab-cases.ts';

const CASES = labCases();
const LAB_KINDS: readonly GatewayKind[] = ['nginx', 'haproxy', 'apache', 'caddy', 'varnish'];

/** The member says hello with everything it answers, so an error without it was written by the gateway. */
function isGatewayMade({ answer }: LabCase): boolean {
  return answer.status >= 400 && answer.bodyStart !== 'hello\n';
}

/** The gateway's own log on whether the member answered; undefined where its line does not tell. */
function memberAnsweredByLog({ gateway, log }: LabCase): boolean | undefined {
  const line = log.access?.at(-1) ?? '';
  if (gateway === 'nginx') {
    const last = / uht="([^"]*)"/.exec(line)?.[1]?.split(', ').at(-1);
    return last === undefined ? undefined : /^[\d.]+$/.test(last);
  }
  if (gateway === 'apache') {
    const status = / st=(\S+)/.exec(line)?.[1];
    return status === undefined ? undefined : status !== '-';
  }
  if (gateway === 'haproxy') {
    const timers = / (-?\d+)\/(-?\d+)\/(-?\d+)\/(-?\d+)\/\+?-?\d+ \d{3} /.exec(line);
    return timers === null ? undefined : Number(timers[4]) >= 0;
  }
  return undefined;
}

function claims({ answer }: LabCase): readonly { readonly kind: GatewayKind; readonly certainty: number }[] {
  return GATEWAYS.flatMap((gateway) => {
    const recognition = gateway.recognise(answer);
    return recognition === undefined ? [] : [{ kind: gateway.kind, certainty: recognition.certainty }];
  });
}

function table(title: string, columns: readonly string[], cell: (item: LabCase) => string): string {
  const rows = LAB_KINDS.map((kind) => {
    const cells = CASES.filter((item) => item.gateway === kind).map(cell);
    return [kind, ...columns.map((column) => String(cells.filter((value) => value === column).length))];
  });
  const all = [[title, ...columns], ...rows];
  return all
    .map((row) => row.map((text, index) => (index === 0 ? text.padEnd(18) : text.padStart(15))).join(''))
    .join('\n');
}

test('the laboratory is read whole', () => {
  assert.equal(CASES.length, 311);
  assert.deepEqual(
    LAB_KINDS.map((kind) => CASES.filter((item) => item.gateway === kind && isGatewayMade(item)).length),
    [40, 44, 33, 32, 23],
  );
});

test('who made an error, as the fixture says, agrees with the logs of the gateway', () => {
  let checked = 0;
  for (const item of CASES) {
    const memberAnswered = memberAnsweredByLog(item);
    if (item.answer.status < 400 || memberAnswered === undefined) continue;
    // nginx and Apache read a broken answer far enough to log a time or a status, and then replaced it.
    if (memberAnswered && isGatewayMade(item)) continue;
    checked += 1;
    assert.equal(isGatewayMade(item), !memberAnswered, `${item.gateway} ${item.name}`);
  }
  assert.ok(checked > 100, `only ${checked} errors could be checked`);
});

test('recognition: the right kind wherever an answer carries a mark, and never another', (t) => {
  const cell = (item: LabCase): string => {
    const best = claims(item).reduce((most, claim) => Math.max(most, claim.certainty), 0);
    if (claims(item).some((claim) => claim.kind !== item.gateway)) return 'wrong';
    return best >= 0.6 ? 'sure' : best > 0 ? 'weak' : 'nothing';
  };
  t.diagnostic(`\n${table('recognised', ['sure', 'weak', 'nothing', 'wrong'], cell)}`);
  for (const item of CASES) {
    const where = `${item.gateway} ${item.name}`;
    assert.notEqual(cell(item), 'wrong', where);
    // HAProxy and httpd pass answers on without a mark of their own; the others leave one on every answer.
    const passesUnmarked = item.gateway === 'haproxy' || item.gateway === 'apache';
    if (!passesUnmarked || isGatewayMade(item)) assert.notEqual(cell(item), 'nothing', where);
  }
  // A page of its own names the kind surely, except where the lab replaced it and where httpd's page is also that of a member.
  const unsure = CASES.filter((item) => isGatewayMade(item) && cell(item) !== 'sure');
  assert.deepEqual(
    unsure.map((item) => `${item.gateway} ${item.answer.status}`).filter((text) => !text.startsWith('apache 503')),
    ['nginx 502', 'apache 500'],
  );
});

test('wroteIt: never wrong, and silent only where the answer does not tell', (t) => {
  const verdict = (item: LabCase): string => {
    const said = GATEWAYS.find((gateway) => gateway.kind === item.gateway)?.wroteIt(item.answer);
    if (said === undefined) return isGatewayMade(item) ? 'own, silent' : 'passed, silent';
    if (said === isGatewayMade(item)) return said ? 'own, right' : 'passed, right';
    return 'wrong';
  };
  t.diagnostic(
    `\n${table('wroteIt', ['own, right', 'own, silent', 'passed, right', 'passed, silent', 'wrong'], verdict)}`,
  );
  const silent = CASES.filter((item) => verdict(item).endsWith('silent')).map((item) => `${item.gateway} ${item.name}`);
  for (const item of CASES) assert.notEqual(verdict(item), 'wrong', `${item.gateway} ${item.name}`);
  assert.deepEqual(silent, [
    'nginx a/s502',
    'nginx a/s503',
    'nginx intercept/close',
    'haproxy redir/x',
    'apache noengine',
  ]);
});

test('answers of the laboratory carry no codes, and none are guessed', () => {
  for (const item of CASES) {
    for (const gateway of GATEWAYS)
      assert.equal(gateway.codes(item.answer), undefined, `${gateway.kind} on ${item.gateway} ${item.name}`);
  }
});
