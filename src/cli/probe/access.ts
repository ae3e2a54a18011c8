import { isRecord } from '../../core/text.ts'
import { readEndpoint } from '../../core/endpoint.ts'
import { ownField } from '../../core/text.ts'
import { authenticate, authenticationMethod } from '../../transport/client-authentication.ts'
import { send, type Outgoing } from '../../transport/send.ts'
import type { Looking } from '../doctor/looking.ts'
import type { Subject } from '../subject.ts'

/** Whether an access token is alive; `undefined`: it cannot be told. */
export type IsAlive = (accessToken: string) => Promise<boolean | undefined>

type Metadata = Readonly<Record<string, unknown>>

/**
 * Ways to ask: the address that was named, else userinfo (OIDC Core §5.3), else introspection (RFC
 * 7662). The first that calls an access token alive that was just issued is believed.
 */
export async function waysToAsk(
  api: string | undefined,
  metadata: Metadata | undefined,
  subject: Subject,
  looking: Looking,
): Promise<readonly IsAlive[]> {
  const bearing = (url: string): IsAlive => {
    const request = (token: string): Outgoing => ({
      url,
      method: 'GET',
      headers: { authorization: `Bearer ${token}` },
    })
    return async (token) => {
      const reply = await send(request(token), looking.sender, looking.timeoutMs)
      if (!reply.answered) return undefined
      const { status } = reply.answer
      return status >= 200 && status < 300 ? true : status === 401 ? false : undefined
    }
  }
  if (api !== undefined) return [bearing(api)]
  const { insecure } = subject.provider
  const endpoint = (name: string): URL | undefined =>
    readEndpoint(metadata && ownField(metadata, name), insecure)
  const userinfo = endpoint('userinfo_endpoint')
  const introspection = endpoint('introspection_endpoint')
  return [
    ...(userinfo === undefined ? [] : [bearing(userinfo.href)]),
    ...(introspection === undefined ? [] : [introspecting(introspection, subject, looking)]),
  ]
}

function introspecting(endpoint: URL, { provider, client }: Subject, looking: Looking): IsAlive {
  const { clock, sender, timeoutMs } = looking
  const context = { endpoint: endpoint.href, issuer: provider.issuer, clock }
  return async (token) => {
    const method = authenticationMethod(provider, client, [])
    const { headers, parameters } = await authenticate(method, client, context)
    headers.set('content-type', 'application/x-www-form-urlencoded')
    parameters.set('token', token)
    const request = {
      url: endpoint.href,
      method: 'POST',
      headers: Object.fromEntries(headers),
      body: parameters.toString(),
    }
    const reply = await send(request, sender, timeoutMs)
    if (!reply.answered || !isRecord(reply.answer.body)) return undefined
    const active = ownField(reply.answer.body, 'active')
    return typeof active === 'boolean' ? active : undefined
  }
}
