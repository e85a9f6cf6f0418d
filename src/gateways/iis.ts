import type { AnswerFacts } from '../model/exchange.ts';
import { US_PER_SEC } from '../model/time.ts';
import { remedyFromTable } from './advice.ts';
import { bodyStart, headerLine, headerValues, serverProduct } from './answer.ts';
import { failedModule, iisCodes, isArrModule } from './arr-codes.ts';
import type { Gateway, Recognition } from './gateway.ts';
import { IIS_ADVICE } from './iis-advice.ts';
import { readIisLog } from './iis-log.ts';
import { strongest } from './mark.ts';
import { proxyStatusCodes, wroteItByProxyStatus } from './proxy-status.ts';

const ANCM_MODULE = /^AspNetCoreModule(?:V2)?$/;
const ANCM_PAGE = /<title>\s*HTTP Error \d{3}\.\d+ - |fwlink\/\?linkid=(?:808681|2028526)/i;
const HTTP_SYS_PAGE = /<hr><p>HTTP Error \d{3}\. /;
const SHORT_TITLE = /<title>\d{3} - [^<]+<\/title>[\s\S]*<div id="header"><h1>Server Error<\/h1><\/div>/;
const DETAILED_TITLE = /<title>IIS(?: [\d.]+)? Detailed Error - /;

function isIis(answer: AnswerFacts): boolean {
  return /^Microsoft-IIS\//.test(serverProduct(answer) ?? '');
}

function isHttpSys(answer: AnswerFacts): boolean {
  return /^Microsoft-HTTPAPI\//.test(serverProduct(answer) ?? '') && HTTP_SYS_PAGE.test(bodyStart(answer));
}

/** ARR in front of IIS, or Azure's front ends: then IIS is not the gateway, or not one that can be configured. */
function isBehindArr(answer: AnswerFacts): boolean {
  return (
    isArrModule(failedModule(answer)) ||
    /\bARR\//.test(headerLine(answer, 'x-powered-by') ?? '') ||
    headerValues(answer, 'set-cookie').some((cookie) => /^ARRAffinity(?:SameSite)?=/.test(cookie))
  );
}

function recognise(answer: AnswerFacts): Recognition | undefined {
  if (isBehindArr(answer)) return undefined;
  const module = failedModule(answer);
  const isAncmError = answer.status >= 500 && ANCM_PAGE.test(bodyStart(answer));
  return strongest(
    module !== undefined && ANCM_MODULE.test(module)
      ? { certainty: 0.95, because: `The detailed error page names the module ${module}.` }
      : undefined,
    isAncmError
      ? {
          certainty: 0.9,
          because: "The error page is that of IIS's ASP.NET Core module, which starts and asks Kestrel.",
        }
      : undefined,
    // IIS may as well be the member, or ARR without its header: it only answers somewhere on the way.
    isIis(answer) ? { certainty: 0.4, because: `The Server header says ${serverProduct(answer)}.` } : undefined,
    isHttpSys(answer)
      ? {
          certainty: 0.35,
          because: 'The page is that of the HTTP driver of Windows, on which IIS runs; other programs do as well.',
        }
      : undefined,
  );
}

function wroteIt(answer: AnswerFacts): boolean | undefined {
  if (answer.status < 300) return false;
  if (answer.status < 400) return undefined;
  const body = bodyStart(answer);
  const module = failedModule(answer);
  if (module !== undefined && ANCM_MODULE.test(module)) return true;
  if ((answer.status >= 500 && ANCM_PAGE.test(body)) || isHttpSys(answer)) return true;
  // IIS puts its own pages where an application set only a status, so such a page tells nothing.
  if (DETAILED_TITLE.test(body) || SHORT_TITLE.test(body)) return undefined;
  return wroteItByProxyStatus(answer);
}

/** IIS in front of Kestrel by the ASP.NET Core module, without ARR. */
export const iis: Gateway = {
  kind: 'iis',
  title: 'IIS with the ASP.NET Core module',
  recognise,
  wroteIt,
  codes: (answer) => iisCodes(answer) ?? proxyStatusCodes(answer),
  readLog: readIisLog,
  ejection: {
    slowRequest: 'never',
    because:
      'The module has one application process and repeats nothing; it is replaced only when it ends (rapidFailsPerMinute counts that).',
  },
  timers: [
    {
      cause: 'timeout/gateway-response',
      name: 'wait for the answer of Kestrel (out of process only)',
      directive: 'aspNetCore requestTimeout',
      defaultUs: 120 * US_PER_SEC,
    },
    {
      cause: 'timeout/gateway-connect',
      name: 'start of the application process',
      directive: 'aspNetCore startupTimeLimit',
      defaultUs: 120 * US_PER_SEC,
    },
  ],
  remedy: (context) => remedyFromTable('iis', IIS_ADVICE, context),
};
