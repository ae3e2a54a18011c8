import type { Provider } from '../../core/provider.ts'
import { textsIn } from './endpoints.ts'
import { findings, type Finding } from './finding.ts'

const ofScope = findings('offline_access')
const ofPrompt = findings('prompt')
const ofSwitch = findings('provider_switch')

interface SignIn {
  readonly scope: string | undefined
  readonly prompt: string | undefined
}

const SCOPE = 'offline_access'

/**
 * Whether a sign-in brings a refresh token, as far as the authorization request tells.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#OfflineAccess
 */
export function checkSignIn(
  { missingRefreshToken }: Provider,
  { scope, prompt }: SignIn,
  metadata: Readonly<Record<string, unknown>> | undefined,
): readonly Finding[] {
  const listed = metadata && textsIn(metadata, 'scopes_supported')?.includes(SCOPE)
  const isAsked = scope?.split(' ').includes(SCOPE)
  // OpenID Connect is what the scope belongs to; others have ways of their own.
  if (metadata === undefined && missingRefreshToken === undefined) return []
  return [
    aboutScope(isAsked, listed),
    ...(isAsked === false ? [] : [aboutPrompt(prompt, isAsked)]),
    ...(missingRefreshToken === undefined
      ? []
      : [
          ofSwitch(
            'open',
            'settings of its own, which cannot be seen from here',
            missingRefreshToken,
          ),
        ]),
  ]
}

function aboutScope(isAsked: boolean | undefined, isListed: boolean | undefined): Finding {
  if (isAsked === undefined) {
    return isListed === false
      ? ofScope('warning', 'the metadata does not list it', 'How else does it give refresh tokens?')
      : ofScope('open', 'give --scope to have it looked at', `It belongs into the scope: ${SCOPE}.`)
  }
  if (isAsked) {
    return isListed === false
      ? ofScope('warning', 'the scope has it, the metadata does not list it')
      : ofScope('fine', 'the scope has it')
  }
  return ofScope(
    isListed === false ? 'warning' : 'problem',
    'the scope lacks it: a sign-in brings no refresh token',
    `Add ${SCOPE} to the scope of the authorization request.`,
  )
}

function aboutPrompt(prompt: string | undefined, isAsked: boolean | undefined): Finding {
  if (prompt?.split(' ').includes('consent')) return ofPrompt('fine', 'it asks for consent')
  const fix = 'Add prompt=consent to the authorization request.'
  return prompt === undefined && isAsked === undefined
    ? ofPrompt('open', 'give --prompt to have it looked at', fix)
    : ofPrompt(
        'warning',
        'it does not ask for consent: many servers then ignore offline_access',
        fix,
      )
}
