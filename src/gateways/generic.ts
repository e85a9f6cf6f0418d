import { composeRemedy } from './advice.ts';
import type { Gateway } from './gateway.ts';
import { proxyStatusCodes, wroteItByProxyStatus } from './proxy-status.ts';

/** A gateway that was not recognised: what standards say (`Proxy-Status`, RFC 9209), general advice, and the greatest caution. */
export const generic: Gateway = {
  kind: 'unknown',
  title: 'unknown gateway',
  recognise: () => undefined,
  wroteIt: (answer) => (answer.status < 300 ? false : wroteItByProxyStatus(answer)),
  codes: proxyStatusCodes,
  ejection: {
    slowRequest: 'unknown',
    because: 'The gateway was not recognised, so nobody knows whether a slow request takes members out for others.',
  },
  timers: [],
  remedy: (context) => composeRemedy('unknown', context, {}),
};
