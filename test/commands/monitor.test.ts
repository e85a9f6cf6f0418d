import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openHistory } from '../../src/store/history.ts';
import { runCli } from '../helpers/cli.ts';
import { startOtlpReceiver } from '../helpers/services/otlp-receiver.ts';
import { createServers } from '../traffic/sending-setup.ts';

const servers = createServers();
const folder = mkdtempSync(join(tmpdir(), 'gateprobe-monitor-'));
const profile = join(folder, 'shop.yaml');
const data = join(folder, 'data');
const EVER = { profile: 'shop', fromAtUs: 0, toAtUs: 1e16 };

before(async () => {
  const good = await servers.listen(http.createServer((_, response) => response.end('ok')));
  const bad = await servers.listen(http.createServer((_, response) => response.writeHead(503).end()));
  writeFileSync(
    profile,
    [
      'name: shop',
      `gateway: { url: "http://127.0.0.1:${good}" }`,
      `members: [{ name: web1, url: "http://127.0.0.1:${bad}" }]`,
      'schedule: { every: 1s }',
    ].join('\n'),
  );
});
after(async () => {
  await servers.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('gateprobe monitor', { timeout: 120_000 }, () => {
  test('watches for the time that was asked for, and keeps what it saw', async () => {
    const { code, stdout, stderr } = await runCli(['monitor', profile, '--data', data, '--port', '0', '--for', '6s']);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Dashboard http:\/\/127\.0\.0\.1:\d+ · watching shop \(every 1 s\) · history in .*data\n$/);
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { msg: string });
    assert.ok(
      lines.some(({ msg }) => msg.startsWith('Member web1 fails when asked directly')),
      stderr,
    );
    assert.equal(lines.at(-1)?.msg, 'stopped');
    const history = openHistory(data);
    try {
      assert.deepEqual(history.check(), []);
      assert.deepEqual(history.profiles(), ['shop']);
      assert.ok(history.intervals({ ...EVER, level: '10s' }).some(({ failed }) => failed > 0));
      const [failing] = history.events({ ...EVER, kinds: ['failing'] });
      assert.deepEqual([failing?.member, failing?.facts['scope']], ['web1', 'one-member']);
      assert.ok(history.kept(EVER).some(({ reason }) => reason === 'failure'));
      assert.equal(history.events({ ...EVER, kinds: ['monitor'] })[0]?.title.startsWith('The monitor ran for'), true);
    } finally {
      history.close();
    }
  });

  test('a collector gets metrics and events; one that is not there is told and holds nothing up', async () => {
    const receiver = await startOtlpReceiver();
    const args = ['monitor', profile, '--data', join(folder, 'told'), '--port', '0', '--for', '4s'];
    const { code, stderr } = await runCli([...args, '--otlp', `${receiver.url}/`]);
    await receiver.stop();
    assert.equal(code, 0, stderr);
    assert.ok(receiver.metrics().some(({ name }) => name === 'gateprobe_route_requests_total'));
    const told = receiver.logs().map(({ eventName, body }) => `${eventName} ${body.stringValue}`);
    assert.ok(
      told.some((line) => line.startsWith('gateprobe.failing Member web1 fails')),
      told.join('\n'),
    );
    const alone = await runCli([...args, '--otlp', receiver.url]);
    assert.equal(alone.code, 0, alone.stderr);
    assert.match(alone.stderr, /OTLP: (metrics|events) do not arrive: /);
    assert.match(alone.stderr, /"msg":"stopped"/);
  });

  test('SIGTERM ends it cleanly within seconds', { skip: process.platform === 'win32' }, async () => {
    const options = { signal: 'SIGTERM' as const, signalWhen: (text: string) => text.includes('Dashboard') };
    const { code, stderr } = await runCli(['monitor', profile, '--data', data, '--port', '0'], options);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /"msg":"stopped"/);
  });

  for (const { name, args, says } of [
    {
      name: 'a profile that is none',
      args: ['none.yaml', '--data', data],
      says: /no such file[\s\S]*no profile can be watched/,
    },
    {
      name: 'a port that is none',
      args: [profile, '--data', data, '--port', 'x'],
      says: /--port wants a whole number/,
    },
    {
      name: 'a collector that is no address',
      args: [profile, '--data', data, '--otlp', '127.0.0.1:4318'],
      says: /--otlp wants an address such as/,
    },
    {
      name: 'a password on the command line',
      args: [profile, '--data', data, '--otlp', 'http://me:secret@127.0.0.1:4318'],
      says: /must not hold a password[\s\S]*OTEL_EXPORTER_OTLP_HEADERS/,
    },
    {
      name: 'the open network without a token',
      args: [profile, '--data', data, '--host', '0.0.0.0'],
      says: /needs a token/,
    },
  ]) {
    test(`refused with exit code 2: ${name}`, async () => {
      const { code, stderr } = await runCli(['monitor', ...args], { cwd: folder });
      assert.equal(code, 2);
      assert.match(stderr, says);
    });
  }
});
