import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labCommand } from '../../src/commands/lab.ts';
import { memberCommand } from '../../src/commands/member.ts';
import { UserError } from '../../src/errors.ts';

const refused = (pattern: RegExp) => (error: unknown) =>
  error instanceof UserError && pattern.test(`${error.message} ${error.hint}`);

test('a scenario that does not exist is refused with the list of those that do', async () => {
  for (const args of [['nonsense'], ['toString'], []]) {
    await assert.rejects(
      labCommand().parseAsync(args, { from: 'user' }),
      refused(/scenario.* demo, healthy, .*all-down/),
    );
  }
});

const wrong: readonly (readonly [readonly string[], RegExp])[] = [
  [['--port', '70000'], /--port: .*0 to 65535/],
  [['--drop-ratio', '12'], /--drop-ratio: .*0 to 1/],
  [['--error-ratio', '12%'], /--error-ratio: .*0 to 1/],
  [['--name', 'a\nb'], /--name: /],
  [['--concurrency', '0'], /--concurrency: /],
  [['--cold-idle-ms', '100'], /belong together/],
  [['--queue-limit', '5'], /--queue-limit needs --concurrency/],
];
for (const [args, pattern] of wrong) {
  test(`member refuses ${JSON.stringify(args)}`, async () => {
    await assert.rejects(memberCommand().parseAsync(args, { from: 'user' }), refused(pattern));
  });
}
