/** What logs and configuration tell of the place that a remedy is for, so that its commands name what is there. */
import type { Measures } from '../analysis/measures.ts';
import { settingsFor } from '../gateways/config/setting-for.ts';
import type { RemedyContext } from '../gateways/gateway.ts';
import { configsOf } from './declarations.ts';

type Surroundings = Pick<RemedyContext, 'isMemberOnIis' | 'farm' | 'healthUrl'>;

const OF_IIS = /^(?:iis-|httperr$|freb$|windows-events$)/;

export function surroundingsOf({ logs, configs = [] }: Measures): Surroundings {
  const formats = (logs?.sources ?? []).flatMap(({ role, format }) => (role === 'member' ? [format] : []));
  const isMemberOnIis = formats.length > 0 && formats.every((format) => OF_IIS.test(format));
  return { ...(isMemberOnIis ? { isMemberOnIis } : {}), ...farmOf(configs) };
}

/** Of several farms the one to change is not known. */
function farmOf(configs: NonNullable<Measures['configs']>): Pick<Surroundings, 'farm' | 'healthUrl'> {
  const tests = settingsFor(configsOf(configs, 'gateway'), 'health-check').filter(({ directive }) =>
    directive.startsWith('webFarms/webFarm['),
  );
  const [only, ...others] = tests;
  if (only === undefined || others.length > 0) return {};
  return { farm: only.scope.replace(/^farm /, ''), ...(only.value === '' ? {} : { healthUrl: only.value }) };
}
