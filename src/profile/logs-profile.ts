/** The profile of `explain` without a file: nothing is sent, so it only names things. */
import type { Profile } from '../model/profile.ts';
import { validateProfile } from './validate.ts';

export function logsProfile(name: string): Profile {
  // The address is never used; `.invalid` is reserved so that nothing answers there (RFC 2606).
  const profile = validateProfile(
    {
      name,
      gateway: { url: 'http://gateway.invalid' },
      members: [{ name: 'any', url: 'http://member.invalid' }],
      requests: [{ name: 'any', path: '/' }],
    },
    {
      file: 'command line',
      env: {},
      readFile: () => {
        throw new Error('the command line names no files');
      },
    },
  );
  return { ...profile, gateway: { ...profile.gateway, url: '' }, members: [], notes: [] };
}
