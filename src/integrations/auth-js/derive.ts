import {
  defineProvider,
  descriptionOf,
  providerOf,
  type DrivingFacts,
} from '../../core/define-provider.ts'
import type { ClientAuthentication, Provider } from '../../core/provider.ts'
import { isRecord } from '../../core/text.ts'
import { createRefresher, type Refresher, type RefresherOptions } from '../../index.ts'
import { logto } from '../../../providers/logto.ts'
import type { ProviderFacts } from '../../facts/provider-facts.ts'
import { KNOWN } from './known.ts'

type Fields = Readonly<Record<string, unknown>>

/** What the options of all refreshers have in common. */
export type SharedOptions = Omit<RefresherOptions, 'provider' | 'client'>

/** A provider as an application configures it: defaults of Auth.js, with its own options on top. */
export interface Configured {
  readonly id: string
  /** Defaults and options together; an option wins. */
  readonly all: Fields
  /** What the application wrote itself. */
  readonly own: Fields
}

/** Where OpenID Connect Discovery puts the metadata of an issuer. */
const WELL_KNOWN = /\/\.well-known\/(?:openid-configuration|oauth-authorization-server)$/

const AUTHENTICATIONS: ReadonlySet<unknown> = new Set([
  'none',
  'client_secret_basic',
  'client_secret_post',
])

/**
 * Reads an entry of `providers`, with what Auth.js takes from the environment.
 *
 * @returns `undefined` for a provider that signs in without OAuth: credentials, e-mail, passkeys.
 */
export function configuredOf(provider: unknown): Configured | undefined {
  if (!isRecord(provider)) return undefined
  const own = isRecord(provider['options']) ? provider['options'] : provider
  const all: Fields = { ...provider, ...defined(own) }
  const { id, type } = all
  const isOAuth = type === 'oauth' || type === 'oidc'
  return isOAuth && typeof id === 'string' ? { id, own, all } : undefined
}

/** What Auth.js 5 reads from the environment for a provider, by its id. */
export function fromEnvironment(id: string): Fields {
  const host = (globalThis as { process?: Partial<NodeJS.Process> }).process
  const prefix = `AUTH_${id.toUpperCase().replaceAll('-', '_')}`
  return defined({
    clientId: host?.env?.[`${prefix}_ID`],
    clientSecret: host?.env?.[`${prefix}_SECRET`],
    issuer: host?.env?.[`${prefix}_ISSUER`],
  })
}

/** What is known of a provider of Auth.js, by its id there. */
export function knownFacts(id: string): ProviderFacts | undefined {
  return Object.hasOwn(KNOWN, id) ? KNOWN[id] : undefined
}

/**
 * Makes the refresher of a provider of Auth.js.
 *
 * @throws {TypeError} If something cannot be derived. Names the line to write.
 */
export function refresherFor(configured: Configured, shared: SharedOptions): Refresher {
  const { id, all } = configured
  const { clientId, clientSecret } = all
  if (typeof clientId !== 'string' || clientId === '') {
    const name = `AUTH_${id.toUpperCase().replaceAll('-', '_')}_ID`
    throw new TypeError(`refreshOnce: ${id} has no clientId: write clientId, or set ${name}`)
  }
  const provider = providerFor(configured)
  // A server that wants no secret is sent none, although Auth.js has one.
  const isSent = typeof clientSecret === 'string' && provider.clientAuthentication !== 'none'
  return createRefresher({
    ...shared,
    provider,
    client: { id: clientId, ...(isSent && clientSecret !== '' && { secret: clientSecret }) },
  })
}

/** @throws {TypeError} If a part cannot be derived. Names the line to write. */
function providerFor({ id, own, all }: Configured): Provider {
  const facts = knownFacts(id)
  const issuer = issuerOf(all)
  const ownEndpoint = endpointOf(own['token'], id)
  const overrides = defined({
    tokenEndpoint: ownEndpoint,
    clientAuthentication: authenticationOf(all, id),
  })
  if (id === 'logto' && issuer !== undefined) return logto({ endpoint: issuer, ...overrides })
  const tokenEndpoint = ownEndpoint ?? endpointOf(all['token'], id)
  const values = facts && valuesOf(facts, issuer, tokenEndpoint)
  if (values !== undefined) return providerOf(facts!, { ...values, ...overrides })
  if (issuer !== undefined) {
    // Auth.js discovers the rest, and so do we: of the facts all but the addresses is of use.
    const description = { rotation: 'sometimes', ...descriptionOf(withoutAddresses(facts, id)) }
    return defineProvider({ ...description, issuer: spelled(issuer, facts) } as never, overrides)
  }
  if (tokenEndpoint !== undefined) {
    const description = descriptionOf(withoutAddresses(facts, id))
    return defineProvider({ ...description, tokenEndpoint }, overrides)
  }
  throw cannot(id, 'where its token endpoint is', 'write issuer')
}

function withoutAddresses(facts: ProviderFacts | undefined, id: string): DrivingFacts {
  const none = { issuer: undefined, tokenEndpoint: undefined, revocationEndpoint: undefined }
  return { verifiedAt: '', id, ...facts, ...none, introspectionEndpoint: undefined }
}

/** An issuer as its metadata spells it: Auth.js takes it with and without a slash. */
function spelled(issuer: string, facts: ProviderFacts | undefined): string {
  return facts?.issuer?.endsWith('}/') ? `${issuer.replace(/\/$/, '')}/` : issuer
}

/** An endpoint as Auth.js takes it: an address, or an object with one. */
function endpointOf(endpoint: unknown, id: string): string | undefined {
  if (typeof endpoint === 'string') return endpoint
  if (!isRecord(endpoint)) return undefined
  if (typeof endpoint['request'] === 'function') {
    throw cannot(id, 'what its own token.request sends')
  }
  const { url } = endpoint
  return url instanceof URL || typeof url === 'string' ? String(url) : undefined
}

function issuerOf({ issuer, wellKnown }: Fields): string | undefined {
  if (typeof issuer === 'string' && issuer !== '') return issuer
  if (typeof wellKnown !== 'string' || !WELL_KNOWN.test(wellKnown)) return undefined
  return wellKnown.replace(WELL_KNOWN, '')
}

/** As `client.token_endpoint_auth_method` says it; else the facts, or the server's metadata. */
function authenticationOf(all: Fields, id: string): ClientAuthentication | undefined {
  const client = isRecord(all['client']) ? all['client'] : {}
  const method = client['token_endpoint_auth_method']
  if (method === undefined) return undefined
  if (!AUTHENTICATIONS.has(method))
    throw cannot(id, `how it authenticates by ${JSON.stringify(method)}`)
  return method as ClientAuthentication
}

/**
 * What the `{name}` in a product's addresses is here: nothing, if they have none. `undefined` if
 * the configuration does not tell.
 */
function valuesOf(
  { parameters = {}, tokenEndpoint: template = '' }: ProviderFacts,
  issuer: string | undefined,
  tokenEndpoint: string | undefined,
): Record<string, string> | undefined {
  const [[name, parameter] = []] = Object.entries(parameters)
  if (name === undefined || parameter === undefined) return {}
  const pattern = parameter.is === 'name' ? parameter.pattern : '.+'
  const [before = '', after = ''] = template.split(`{${name}}`)
  // A name within an address, as a tenant: the issuer of the product has it at the same place.
  const address = before === '' ? tokenEndpoint : (issuer ?? tokenEndpoint)
  if (address?.startsWith(before) !== true) return undefined
  if (before === '') {
    const isSame = issuer === undefined && after !== '' && address.endsWith(after)
    return isSame ? { [name]: address.slice(0, -after.length) } : undefined
  }
  const [value = ''] = address.slice(before.length).split('/', 1)
  return new RegExp(`^(?:${pattern})$`).test(value) ? { [name]: value } : undefined
}

function cannot(id: string, what: string, instead?: string): TypeError {
  const explicit = `refreshers: { '${id}': createRefresher({ … }) }`
  const line = instead === undefined ? explicit : `${instead}, or ${explicit}`
  return new TypeError(`refreshOnce cannot derive of ${id} ${what}: ${line}`)
}

function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> }
}
