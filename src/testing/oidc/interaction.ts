import type { IncomingMessage, ServerResponse } from 'node:http'
import { RESOURCE_SCOPE } from './configuration.ts'
import type { Provider } from './provider.ts'

/**
 * Signs in whoever comes, as the user named by `login_hint` or else a new one, and consents to all
 * that the client asks for. Works for a test's own browser too.
 */
export function consentingUser(
  provider: Provider,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  let users = 0
  return async (request, response) => {
    const { params } = await provider.interactionDetails(request, response)
    const accountId = params.login_hint ?? `user-${(users += 1)}`
    const grant = new provider.Grant({ accountId, clientId: params.client_id })
    grant.addOIDCScope(params.scope ?? 'openid')
    for (const resource of [params.resource ?? []].flat()) {
      grant.addResourceScope(resource, RESOURCE_SCOPE)
    }
    const result = { login: { accountId }, consent: { grantId: await grant.save() } }
    await provider.interactionFinished(request, response, result, {
      mergeWithLastSubmission: false,
    })
  }
}
