/** Written by `npx tsx test/docs/generate.ts`: the providers of Auth.js that are known. */
import type { ProviderFacts } from '../../facts/provider-facts.ts'
import { facts as apple } from '../../../providers/apple.ts'
import { facts as asgardeo } from '../../../providers/asgardeo.ts'
import { facts as atlassian } from '../../../providers/atlassian.ts'
import { facts as auth0 } from '../../../providers/auth0.ts'
import { facts as authentik } from '../../../providers/authentik.ts'
import { facts as entra } from '../../../providers/entra.ts'
import { facts as bitbucket } from '../../../providers/bitbucket.ts'
import { facts as box } from '../../../providers/box.ts'
import { facts as cognito } from '../../../providers/cognito.ts'
import { facts as discord } from '../../../providers/discord.ts'
import { facts as dropbox } from '../../../providers/dropbox.ts'
import { facts as facebook } from '../../../providers/facebook.ts'
import { facts as figma } from '../../../providers/figma.ts'
import { facts as fusionauth } from '../../../providers/fusionauth.ts'
import { facts as githubApp } from '../../../providers/github-app.ts'
import { facts as gitlab } from '../../../providers/gitlab.ts'
import { facts as google } from '../../../providers/google.ts'
import { facts as hubspot } from '../../../providers/hubspot.ts'
import { facts as instagram } from '../../../providers/instagram.ts'
import { facts as kakao } from '../../../providers/kakao.ts'
import { facts as keycloak } from '../../../providers/keycloak.ts'
import { facts as line } from '../../../providers/line.ts'
import { facts as linkedin } from '../../../providers/linkedin.ts'
import { facts as logto } from '../../../providers/logto.ts'
import { facts as naver } from '../../../providers/naver.ts'
import { facts as notion } from '../../../providers/notion.ts'
import { facts as okta } from '../../../providers/okta.ts'
import { facts as oryHydra } from '../../../providers/ory-hydra.ts'
import { facts as pipedrive } from '../../../providers/pipedrive.ts'
import { facts as reddit } from '../../../providers/reddit.ts'
import { facts as salesforce } from '../../../providers/salesforce.ts'
import { facts as slack } from '../../../providers/slack.ts'
import { facts as spotify } from '../../../providers/spotify.ts'
import { facts as strava } from '../../../providers/strava.ts'
import { facts as threads } from '../../../providers/threads.ts'
import { facts as tiktok } from '../../../providers/tiktok.ts'
import { facts as twitch } from '../../../providers/twitch.ts'
import { facts as x } from '../../../providers/x.ts'
import { facts as wechat } from '../../../providers/wechat.ts'
import { facts as workos } from '../../../providers/workos.ts'
import { facts as zitadel } from '../../../providers/zitadel.ts'
import { facts as zoho } from '../../../providers/zoho.ts'
import { facts as zoom } from '../../../providers/zoom.ts'

/** Facts by the id that Auth.js has for the provider. No bundle holds their evidence. */
export const KNOWN: Readonly<Record<string, ProviderFacts>> = {
  apple,
  asgardeo,
  atlassian,
  auth0,
  authentik,
  'azure-ad': entra,
  bitbucket,
  box,
  cognito,
  discord,
  dropbox,
  facebook,
  figma,
  fusionauth,
  github: githubApp,
  gitlab,
  google,
  hubspot,
  instagram,
  kakao,
  keycloak,
  line,
  linkedin,
  logto,
  'microsoft-entra-id': entra,
  naver,
  notion,
  okta,
  'ory-hydra': oryHydra,
  pipedrive,
  reddit,
  salesforce,
  slack,
  spotify,
  strava,
  threads,
  tiktok,
  twitch,
  twitter: x,
  wechat,
  workos,
  zitadel,
  zoho,
  zoom,
}
