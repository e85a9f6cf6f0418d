import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controlGroups, readPortRange, readSteal, readTcp, readThrottle } from '../../src/traffic/machine-readings.ts';

test('stolen time stands behind the seven other kinds, and guests are not counted twice', () => {
  assert.deepEqual(readSteal('cpu  100 0 50 800 10 0 10 30 99 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n'), {
    totalTicks: 1_000,
    stealTicks: 30,
  });
  for (const text of ['', 'cpu  1 2 3\n', 'cpu0 1 2 3 4 5 6 7 8\n']) assert.equal(readSteal(text), undefined);
});

test('a quota is read in µs (version 2) and in ns (version 1)', () => {
  const second = 'usage_usec 5\nnr_periods 100\nnr_throttled 7\nthrottled_usec 350000\n';
  assert.deepEqual(readThrottle(second), { periods: 7, throttledUs: 350_000 });
  assert.deepEqual(readThrottle('nr_periods 1\nnr_throttled 2\nthrottled_time 3000000\n'), {
    periods: 2,
    throttledUs: 3_000,
  });
  for (const text of ['', 'usage_usec 5\n']) assert.equal(readThrottle(text), undefined);
});

test('the own control group comes before the one at the top', () => {
  assert.deepEqual(controlGroups('0::/system.slice/probe.service\n'), ['/system.slice/probe.service', '']);
  assert.deepEqual(controlGroups('5:cpuset:/\n4:cpu,cpuacct:/docker/abc\n'), [
    '/cpu/docker/abc',
    '/cpu,cpuacct/docker/abc',
    '/cpu',
  ]);
  assert.deepEqual(controlGroups(''), []);
});

const SNMP = 'Ip: A\nIp: 1\nTcp: RtoMin OutSegs RetransSegs\nTcp: 200 50000 120\n';
const NETSTAT = 'TcpExt: TW ListenOverflows TCPSynRetrans\nTcpExt: 3 4 20\nIpExt: X\nIpExt: 9\n';

test('segments sent again are told without those that open a connection', () => {
  assert.deepEqual(readTcp(SNMP, NETSTAT), { segments: 50_000, retransmitted: 100, listenDrops: 4 });
  assert.deepEqual(readTcp(SNMP, ''), { segments: 50_000, retransmitted: 120, listenDrops: 0 });
  for (const text of ['', 'Tcp: RtoMin\nTcp: 1\n']) assert.equal(readTcp(text, NETSTAT), undefined);
});

test('ports count both ends of their range', () => {
  assert.equal(readPortRange('32768\t60999\n'), 28_232);
  for (const text of ['', 'many']) assert.equal(readPortRange(text), undefined);
});
