import type { Broken } from './broken/broken.ts'
import { cachesAnswers } from './broken/caches-answers.ts'
import { callsInvalidTargetUnspent } from './broken/calls-invalid-target-unspent.ts'
import { claimsAWindow } from './broken/claims-a-window.ts'
import { claimsAlways } from './broken/claims-always.ts'
import { claimsNever } from './broken/claims-never.ts'
import { classifiesInvalidClientAsDead } from './broken/classifies-invalid-client-as-dead.ts'
import { doesNotKnowADeadGrant } from './broken/does-not-know-a-dead-grant.ts'
import { doesNotKnowARefusedClient } from './broken/does-not-know-a-refused-client.ts'
import { dropsTheSuccessor } from './broken/drops-the-successor.ts'
import { followsRedirects } from './broken/follows-redirects.ts'
import { hedgesItsRequests } from './broken/hedges-its-requests.ts'
import { keepsTheOldAccessToken } from './broken/keeps-the-old-access-token.ts'
import { letsFetchFollowRedirects } from './broken/lets-fetch-follow-redirects.ts'
import { logsByPino } from './broken/logs-by-pino.ts'
import { logsTheBody } from './broken/logs-the-body.ts'
import { overwritesWithUndefined } from './broken/overwrites-with-undefined.ts'
import { printsTheError } from './broken/prints-the-error.ts'
import { readsOtherNames } from './broken/reads-other-names.ts'
import { retriesAfterA503 } from './broken/retries-after-a-503.ts'
import { retriesAfterATimeout } from './broken/retries-after-a-timeout.ts'
import { sendsJsonToAForm } from './broken/sends-json-to-a-form.ts'
import { takesAnErrorForASuccess } from './broken/takes-an-error-for-a-success.ts'
import { takesAnOmittedTokenForKept } from './broken/takes-an-omitted-token-for-kept.ts'
import { treats503AsDead } from './broken/treats-503-as-dead.ts'
import { treats503AsUnspent } from './broken/treats-503-as-unspent.ts'
import { trustsExpiresInAsANumber } from './broken/trusts-expires-in-as-a-number.ts'

/** Every broken provider: each has a file of its own. */
export const BROKEN: readonly Broken[] = [
  cachesAnswers,
  callsInvalidTargetUnspent,
  claimsAWindow,
  claimsAlways,
  claimsNever,
  classifiesInvalidClientAsDead,
  doesNotKnowADeadGrant,
  doesNotKnowARefusedClient,
  dropsTheSuccessor,
  followsRedirects,
  hedgesItsRequests,
  keepsTheOldAccessToken,
  letsFetchFollowRedirects,
  logsByPino,
  logsTheBody,
  overwritesWithUndefined,
  printsTheError,
  readsOtherNames,
  retriesAfterA503,
  retriesAfterATimeout,
  sendsJsonToAForm,
  takesAnErrorForASuccess,
  takesAnOmittedTokenForKept,
  treats503AsDead,
  treats503AsUnspent,
  trustsExpiresInAsANumber,
]
