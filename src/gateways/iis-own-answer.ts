/** Answers of IIS itself: status and substatus of lines that no forwarder was at work on. */
import type { HopOutcome, HopReading } from '../model/hop.ts';
import type { LooseExtras } from './log-words.ts';
import { reading } from './log-words.ts';

type Own = { readonly outcome: HopOutcome; readonly sure: number; readonly says: string };

// Meanings from Microsoft's table of status and substatus (KB943891). `*` stands for every other substatus.
const OWN: Readonly<Record<string, Own>> = {
  '400.10': { outcome: 'client/bad-request', sure: 0.9, says: 'X-Forwarded-For is not valid' },
  '400.*': { outcome: 'client/bad-request', sure: 0.8, says: 'the request was not valid' },
  '401.*': { outcome: 'gateway/denied', sure: 0.85, says: 'no access without credentials' },
  '403.*': { outcome: 'gateway/denied', sure: 0.85, says: 'access was refused' },
  '404.13': { outcome: 'client/too-large', sure: 0.95, says: 'the request body was too large' },
  '404.14': { outcome: 'client/too-large', sure: 0.95, says: 'the address was too long' },
  '404.15': { outcome: 'client/too-large', sure: 0.95, says: 'the query was too long' },
  '404.*': { outcome: 'gateway/no-route', sure: 0.6, says: 'not found here: no rule sent the request on' },
  '408.*': { outcome: 'client/timeout', sure: 0.85, says: 'the request did not come in time' },
  '413.*': { outcome: 'client/too-large', sure: 0.9, says: 'the request was too large' },
  '500.11': { outcome: 'gateway/shutdown', sure: 0.9, says: 'the application is shutting down' },
  '500.12': { outcome: 'gateway/shutdown', sure: 0.9, says: 'the application is restarting' },
  '500.13': { outcome: 'gateway/saturated', sure: 0.9, says: 'the server is too busy' },
  '500.19': { outcome: 'gateway/config', sure: 0.95, says: 'the configuration is not valid' },
  '500.21': { outcome: 'gateway/config', sure: 0.9, says: 'a module is not known' },
  '500.22': { outcome: 'gateway/config', sure: 0.9, says: 'modules do not fit the pipeline mode' },
  '500.23': { outcome: 'gateway/config', sure: 0.9, says: 'handlers do not fit the pipeline mode' },
  '500.24': { outcome: 'gateway/config', sure: 0.9, says: 'impersonation does not fit the pipeline mode' },
  '500.50': { outcome: 'gateway/config', sure: 0.9, says: 'a rewrite rule failed' },
  '500.51': { outcome: 'gateway/config', sure: 0.9, says: 'a global rewrite rule failed' },
  '500.52': { outcome: 'gateway/config', sure: 0.9, says: 'an outbound rewrite rule failed' },
  '500.53': { outcome: 'gateway/config', sure: 0.9, says: 'a rewrite rule failed' },
  '502.1': { outcome: 'gateway/local-timeout', sure: 0.75, says: 'a CGI application took too long' },
  '503.2': { outcome: 'gateway/conn-limit', sure: 0.95, says: 'the limit of requests at once was reached' },
  '503.3': { outcome: 'gateway/saturated', sure: 0.95, says: 'the queue of ASP.NET was full' },
  '503.4': { outcome: 'gateway/saturated', sure: 0.95, says: 'the queue of FastCGI was full' },
};

/** 401, 403 and 404 with these substatuses: dynamic restrictions of requests per address. */
const RATE_SUBSTATUS = [501, 502, 503, 504];

/** What a line of IIS says that no member and no forwarder had a part in; undefined when the number says nothing of the kind. */
export function ownAnswer(status: number, substatus: number | undefined, extras: LooseExtras): HopReading | undefined {
  const key = `${status}.${substatus ?? 0}`;
  if ([401, 403, 404].includes(status) && substatus !== undefined && RATE_SUBSTATUS.includes(substatus)) {
    return reading('gateway/rate-limit', 'gateway', 0.95, `${key}: too many requests from one address`, {
      ...extras,
      code: key,
    });
  }
  const found = OWN[key] ?? OWN[`${status}.*`];
  if (found === undefined) return undefined;
  const sure = substatus === undefined ? Math.min(found.sure, 0.6) : found.sure;
  const madeBy = found.outcome.startsWith('client/') ? 'client' : 'gateway';
  return reading(found.outcome, madeBy, sure, `${key}: ${found.says}`, { ...extras, code: key });
}
