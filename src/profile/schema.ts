/** The profile's JSON Schema, for editors. Committed as `profile.schema.json` beside this file. */
import { z } from 'zod';
import { profileShape } from './shape.ts';

/** JSON Schema (2020-12) of a profile as it is written, with descriptions for completion. */
export function profileJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...schema } = z.toJSONSchema(profileShape, { io: 'input' });
  return { $schema, title: 'Profile of gateprobe', ...schema };
}

/** The text of `profile.schema.json`. */
export function profileSchemaText(): string {
  return `${JSON.stringify(profileJsonSchema(), null, 2)}\n`;
}
