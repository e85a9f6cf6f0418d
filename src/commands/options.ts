import { Option } from 'commander';
import { SEVERITIES } from '../model/severity.ts';

export function failOnOption(): Option {
  return new Option('--fail-on <severity>', 'exit 1 from this severity on (default: failOn of the profile)').choices([
    ...SEVERITIES,
    'never',
  ]);
}
