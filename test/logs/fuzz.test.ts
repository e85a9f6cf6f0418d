/** Every reader meets mutated lines; the long form is `npm run fuzz:logs`, or GATEPROBE_FUZZ_LINES with this file. */
import { test } from 'node:test';
import { LOG_FORMATS } from '../../src/catalog.ts';
import { fuzzFormat } from '../helpers/fuzz-formats.ts';
import { FUZZ_LINES } from '../helpers/fuzz-lines.ts';

for (const format of LOG_FORMATS) test(`mutated lines of ${format.id}`, () => fuzzFormat(format, FUZZ_LINES, 11));
