import type { Client, Provider } from '../../core/provider.ts'
import { readEndpoint, UNFILLED } from '../../core/endpoint.ts'
import { ownField } from '../../core/text.ts'
import { authenticationMethod } from '../../transport/client-authentication.ts'
import { findings, printable, type Finding } from './finding.ts'

type Metadata = Readonly<Record<string, unknown>>

const finding = findings('token_endpoint')
const ofAuthentication = findings('client_authentication')

/** What the metadata says of the token endpoint, and of how this client would speak to it. */
export function checkEndpoints(
  provider: Provider,
  client: Client,
  metadata: Metadata | undefined,
): readonly Finding[] {
  if (metadata === undefined) return []
  const given = provider.tokenEndpoint
  const published = ownField(metadata, 'token_endpoint')
  return [
    given === undefined ? aboutPublished(published, provider) : aboutGiven(given, published),
    ...aboutGrants(textsIn(metadata, 'grant_types_supported')),
    ...aboutMethods(provider, client, metadata),
  ]
}

function aboutPublished(published: unknown, { insecure, issuer }: Provider): Finding {
  const shown = printable(published)
  if (shown === undefined) return finding('problem', 'the metadata names no token endpoint')
  if (UNFILLED.test(shown)) {
    const fix = 'An environment variable was not put in where the server is configured.'
    return finding('problem', `the token endpoint is ${shown}, which was never filled in`, fix)
  }
  const url = readEndpoint(shown, insecure)
  if (url === undefined) {
    const fix = 'It must be https, whole, without user, password and fragment.'
    return finding('problem', `no token may be sent to ${shown}`, fix)
  }
  const isElsewhere = issuer !== undefined && url.origin !== new URL(issuer).origin
  return finding('fine', `${shown}${isElsewhere ? ', on another host than the issuer' : ''}`)
}

/** Described by the provider: the metadata is only compared. */
function aboutGiven(given: string, published: unknown): Finding {
  if (published === given) return finding('fine', given)
  const fix = 'If yours is behind another address, give tokenEndpoint as the metadata has it.'
  return finding('warning', `${given}; the metadata has ${printable(published) ?? 'none'}`, fix)
}

function aboutGrants(grants: readonly string[] | undefined): readonly Finding[] {
  if (grants === undefined || grants.includes('refresh_token')) return []
  const says = 'the metadata does not list the grant refresh_token'
  return [finding('warning', says, 'Switch it on at the server, if it is off.')]
}

function aboutMethods(provider: Provider, client: Client, metadata: Metadata): readonly Finding[] {
  const supported = textsIn(metadata, 'token_endpoint_auth_methods_supported')
  if (supported === undefined) return []
  const method = authenticationMethod(provider, client, supported)
  if (typeof method !== 'string' || supported.includes(method)) return []
  const listed = supported.map(printable).filter((each) => each !== undefined)
  const fix = `It lists ${listed.join(', ')}.`
  return [ofAuthentication('warning', `${method} is not listed by the metadata`, fix)]
}

/** A list of texts, or `undefined` for what is none. */
export function textsIn(metadata: Metadata, name: string): readonly string[] | undefined {
  const value = ownField(metadata, name)
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : undefined
}
