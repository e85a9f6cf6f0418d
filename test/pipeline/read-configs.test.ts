import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readConfigs } from '../../src/pipeline/read-configs.ts';
import { logsProfile } from '../../src/profile/logs-profile.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateprobe-configs-'));
  await mkdir(join(folder, 'conf.d'));
  await writeFile(join(folder, 'nginx.conf'), 'events {}\nhttp {\n  include conf.d/*.conf;\n}\n');
  await writeFile(
    join(folder, 'conf.d', 'shop.conf'),
    'upstream shop { server 192.0.2.11:8080; }\nserver { location / { proxy_pass http://shop; proxy_read_timeout 7s; } }\n',
  );
  const web =
    '<configuration><system.webServer><aspNetCore processPath="dotnet" requestTimeout="00:00:05" /></system.webServer></configuration>';
  await writeFile(join(folder, 'web.config'), Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(web, 'utf16le')]));
});
after(() => rm(folder, { recursive: true, force: true }));

const PROFILE = {
  ...logsProfile('configs'),
  members: [{ name: 'web1', url: 'http://192.0.2.11:8080', tls: { verify: true }, http: 1 as const }],
};

test('includes are found, names are shown as the user would write them, the gateway goes first', () => {
  const { configs, problems } = readConfigs(
    [
      { from: 'web1', files: 'web.config' },
      { from: 'gateway', files: '*.conf' },
    ],
    PROFILE,
    undefined,
    folder,
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(
    configs.map(({ role, kind, member, files }) => [
      role,
      kind,
      member,
      files.map((file) => file.replaceAll('\\', '/')),
    ]),
    [
      ['gateway', 'nginx', undefined, ['nginx.conf', 'conf.d/shop.conf']],
      ['member', 'iis', 'http://192.0.2.11:8080', ['web.config']],
    ],
  );
  const read = configs[0]?.settings.find(({ meaning, isDefault }) => meaning === 'response-timeout' && !isDefault);
  assert.deepEqual([read?.line, read?.valueUs, read?.members], [2, 7_000_000, ['192.0.2.11:8080']]);
  const limit = configs[1]?.settings.find(({ meaning, isDefault }) => meaning === 'app-timeout' && !isDefault);
  assert.equal(limit?.valueUs, 5_000_000);
});

test('what is not there is a problem, and the rest is read', () => {
  const { configs, problems } = readConfigs(
    [
      { from: 'gateway', files: 'missing.conf' },
      { from: 'gateway', files: 'nginx.conf' },
    ],
    PROFILE,
    'nginx',
    folder,
  );
  assert.equal(configs.length, 1);
  assert.deepEqual(
    problems.map(({ path, message }) => [path, message]),
    [['missing.conf', 'no configuration file is there']],
  );
});
