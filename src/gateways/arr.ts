import type { AnswerFacts } from '../model/exchange.ts';
import type { Remedy } from '../model/finding.ts';
import { US_PER_SEC } from '../model/time.ts';
import { remedyFromTable } from './advice.ts';
import { bodyStart, declaredLength, headerValues, serverProduct } from './answer.ts';
import { ARR_ADVICE } from './arr-advice.ts';
import { failedModule, iisCodes, isArrModule } from './arr-codes.ts';
import { readArrLog } from './arr-log.ts';
import type { Gateway, Recognition } from './gateway.ts';
import { strongest } from './mark.ts';
import { proxyStatusCodes, wroteItByProxyStatus } from './proxy-status.ts';

const SHORT_TITLE =
  /<title>502 - Web server received an invalid response while acting as a gateway or proxy server\.<\/title>/;
// Length of IIS's short 502 page in English, from several real answers.
const SHORT_LENGTH = 1477;
const ANCM_PAGE = /<title>\s*HTTP Error \d{3}\.\d+ - |fwlink\/\?linkid=(?:808681|2028526)/i;
const HTTP_SYS_PAGE = /<hr><p>HTTP Error \d{3}\. /;
// Modules that run an application: an error of theirs is the application's, not the forwarder's.
const APPLICATION_MODULES = /^(?:AspNetCoreModule(?:V2)?|FastCgiModule|CgiModule|IsapiModule|ManagedPipelineHandler)$/;

function isIis(answer: AnswerFacts): boolean {
  return /^Microsoft-IIS\//.test(serverProduct(answer) ?? '');
}

function isShortPage(answer: AnswerFacts): boolean {
  if (answer.status !== 502) return false;
  return SHORT_TITLE.test(bodyStart(answer)) || (isIis(answer) && declaredLength(answer) === SHORT_LENGTH);
}

function affinity(answer: AnswerFacts): Recognition | undefined {
  const cookies = headerValues(answer, 'set-cookie');
  if (!cookies.some((cookie) => cookie.startsWith('ARRAffinity='))) return undefined;
  // Azure App Service sets a second cookie beside it: its front ends are ARR, but nobody but Azure can configure them.
  return cookies.some((cookie) => cookie.startsWith('ARRAffinitySameSite='))
    ? {
        certainty: 0.4,
        because: 'The cookies ARRAffinity and ARRAffinitySameSite are set, as by the front ends of Azure App Service.',
      }
    : { certainty: 0.7, because: "The cookie ARRAffinity is set, the name of ARR's own affinity cookie." };
}

function recognise(answer: AnswerFacts): Recognition | undefined {
  const poweredBy = headerValues(answer, 'x-powered-by').join(', ');
  const version = /\bARR\/\d[\d.]*/.exec(poweredBy)?.[0];
  return strongest(
    isArrModule(failedModule(answer))
      ? { certainty: 0.98, because: 'The detailed error page names the module ApplicationRequestRouting.' }
      : undefined,
    version === undefined ? undefined : { certainty: 0.97, because: `The header X-Powered-By says ${version}.` },
    affinity(answer),
    isShortPage(answer)
      ? {
          certainty: 0.55,
          because:
            "The 502 page is IIS's short one for gateways: ARR writes it, but so do Azure's front ends and the ASP.NET Core module.",
        }
      : undefined,
  );
}

function wroteIt(answer: AnswerFacts): boolean | undefined {
  if (answer.status < 300) return false;
  if (answer.status < 400) return undefined;
  const module = failedModule(answer);
  if (isArrModule(module)) return true;
  if (module !== undefined && APPLICATION_MODULES.test(module)) return false;
  const body = bodyStart(answer);
  // ARR's own timeout is 502.3; neither IIS nor ARR writes a 504.
  if (answer.status === 504 || ANCM_PAGE.test(body)) return false;
  if (HTTP_SYS_PAGE.test(body)) {
    // ARR replaces the member's Server header by default, so the kernel's own name can only be that of the controller.
    return /^Microsoft-HTTPAPI\//.test(serverProduct(answer) ?? '') ? true : isIis(answer) ? false : undefined;
  }
  return isShortPage(answer) ? true : wroteItByProxyStatus(answer);
}

/** The commands for the farm that there is: one thing less to fill in at night. */
function withFarm(remedy: Remedy | undefined, farm: string | undefined): Remedy | undefined {
  if (remedy === undefined || farm === undefined || !/^[\w .-]+$/.test(farm)) return remedy;
  return {
    ...remedy,
    commands: remedy.commands.map((one) => ({ ...one, text: one.text.replaceAll('<farm>', farm) })),
  };
}

/** Application Request Routing on IIS, with or without a server farm. */
export const arr: Gateway = {
  kind: 'arr',
  title: 'IIS Application Request Routing',
  recognise,
  wroteIt,
  codes: (answer) => iisCodes(answer) ?? proxyStatusCodes(answer),
  readLog: readArrLog,
  ejection: {
    slowRequest: 'never',
    because:
      'By default only the health test takes a server out; live traffic counts only where liveTrafficFailurePeriod is set (default 0), and then a timeout is a failure.',
  },
  timers: [
    {
      cause: 'timeout/gateway-response',
      name: 'wait for the answer, server farm',
      directive: 'webFarms/webFarm/applicationRequestRouting/protocol timeout',
      defaultUs: 30 * US_PER_SEC,
    },
    {
      cause: 'timeout/gateway-response',
      name: 'wait for the answer, without a farm',
      directive: 'system.webServer/proxy timeout',
      defaultUs: 120 * US_PER_SEC,
    },
    {
      cause: 'timeout/gateway-connect',
      name: 'connect to the member',
      directive: 'TCP of Windows, at most the proxy timeout',
    },
  ],
  remedy: (context) => withFarm(remedyFromTable('arr', ARR_ADVICE, context), context.farm),
};
