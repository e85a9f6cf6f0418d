/** A process that is one quirky member; it lives no longer than its parent. */
import type { LabMessage } from '../../../src/lab/options.ts';
import { type QuirkMemberOptions, startQuirkMember } from './quirk-member.ts';

const end = (): void => process.exit(0);
process.on('disconnect', end);
process.on('message', end);
process.on('SIGTERM', end);
const { port } = await startQuirkMember(JSON.parse(process.argv[2] ?? '{}') as QuirkMemberOptions);
process.send?.({ type: 'listening', port } satisfies LabMessage);
