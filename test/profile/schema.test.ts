import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { profileJsonSchema, profileSchemaText } from '../../src/profile/schema.ts';
import { readYaml } from '../../src/profile/source.ts';
import { profileTemplate } from '../../src/profile/template.ts';
import { EXAMPLES, FIXTURES, SCHEMA_FILE, yamlFilesIn } from './fixture-profiles.ts';

const validate = new Ajv2020({ allErrors: true }).compile(profileJsonSchema());

function errorsOf(text: string): string[] {
  // As an editor sees it: plain JSON values.
  const value = JSON.parse(JSON.stringify(readYaml(text).source?.value ?? null));
  return validate(value) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
}

test('the committed schema is the one the code makes', () => {
  assert.equal(
    readFileSync(SCHEMA_FILE, 'utf8').replaceAll('\r\n', '\n'),
    profileSchemaText(),
    "write it anew: node -e \"import('./src/profile/schema.ts').then((m) => fs.writeFileSync('src/profile/profile.schema.json', m.profileSchemaText()))\"",
  );
});

for (const folder of [join(FIXTURES, 'valid'), EXAMPLES]) {
  for (const name of yamlFilesIn(folder)) {
    test(`${name} fits the schema`, () => assert.deepEqual(errorsOf(readFileSync(join(folder, name), 'utf8')), []));
  }
}

test('what init writes fits the schema', () => {
  assert.deepEqual(
    errorsOf(profileTemplate({ name: 'a', gatewayUrl: 'http://a', members: [{ name: 'b', url: 'http://b' }] })),
    [],
  );
});

for (const name of [
  'unknown-key-slip',
  'missing-keys',
  'members-empty',
  'number-without-unit',
  'unit-of-another-tool',
  'url-without-scheme',
  'url-with-path',
  'gateway-kind',
  'http-version',
  'experiment-unknown',
  'burst-both-or-none',
  'auth-two-kinds',
  'member-id',
  'request-path',
  'request-method',
  'request-expect',
  'fail-on',
  'later-keys',
]) {
  test(`an editor underlines what is wrong in ${name}`, () => {
    assert.notDeepEqual(errorsOf(readFileSync(join(FIXTURES, 'invalid', `${name}.yaml`), 'utf8')), []);
  });
}

test('every key has a description for completion', () => {
  const bare: string[] = [];
  const visit = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return;
    const { properties, items } = schema as { properties?: Record<string, { description?: string }>; items?: unknown };
    for (const [key, property] of Object.entries(properties ?? {})) {
      if (property.description === undefined) bare.push(`${path}.${key}`);
      visit(property, `${path}.${key}`);
    }
    visit(items, `${path}[]`);
  };
  visit(profileJsonSchema(), '');
  assert.deepEqual(bare, []);
});
