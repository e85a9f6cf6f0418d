import { apache } from '../../src/gateways/apache.ts';
import { arr } from '../../src/gateways/arr.ts';
import { awsAlb } from '../../src/gateways/aws-alb.ts';
import { azureApplicationGateway } from '../../src/gateways/azure-application-gateway.ts';
import { caddy } from '../../src/gateways/caddy.ts';
import { cloudflare } from '../../src/gateways/cloudflare.ts';
import { envoy } from '../../src/gateways/envoy.ts';
import type { Gateway } from '../../src/gateways/gateway.ts';
import { gcpLoadBalancer } from '../../src/gateways/gcp-load-balancer.ts';
import { haproxy } from '../../src/gateways/haproxy.ts';
import { iis } from '../../src/gateways/iis.ts';
import { nginx } from '../../src/gateways/nginx.ts';
import { traefik } from '../../src/gateways/traefik.ts';
import { varnish } from '../../src/gateways/varnish.ts';
import { yarp } from '../../src/gateways/yarp.ts';

export const GATEWAYS: readonly Gateway[] = [
  arr,
  nginx,
  haproxy,
  apache,
  varnish,
  caddy,
  envoy,
  traefik,
  yarp,
  iis,
  awsAlb,
  azureApplicationGateway,
  gcpLoadBalancer,
  cloudflare,
];
