import {
  defineProvider,
  descriptionOf,
  providerOf,
  type DrivingFacts,
} from '../../core/define-provider.ts'
import type { ClientAuthentication, Provider } from '../../core/provider.ts'
import { isRecord } from '../../core/text.ts'
import { createRefresher, type Refresher, type RefresherOptions } from '../../index.ts'
import { facts as OIDC } from '../../../providers/oidc.ts'
import { logto } from '../../../providers/logto.ts'
import type { ProviderFacts } from '../../facts/provider-facts.ts'
import { KNOWN } from './known.ts'

type Fields = Readonly<Record<string, unknown>>

/** What the options of all refreshers have in common. */
export type SharedOptions = Omit<RefresherOptions, 'provider' | 'client'>

/** A provider as an application configures it: defaults of Auth.js, with its own options on top. */
export interface Configured {
  readonly id: string
  /** The id that Auth.js has for the product: an application may call its provider otherwise. */
  readonly product: string
  /** Whether Auth.js made it, so that it is the product which its id names. */
  readonly isBuiltIn: boolean
  /** Defaults and options together; an option wins. */
  readonly all: Fields
  /** What the application wrote itself. */
  readonly own: Fields
}

/** Where OpenID Connect Discovery puts the metadata of an issuer. */
const WELL_KNOWN = /\/\.well-known\/(?:openid-configuration|oauth-authorization-server)(?:\?.*)?$/

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
  if (!isOAuth || typeof id !== 'string') return undefined
  const product = typeof provider['id'] === 'string' ? provider['id'] : id
  return { id, product, isBuiltIn: own !== provider, own, all }
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

/** What is known of the server of a provider. */
interface Found {
  readonly facts: ProviderFacts | undefined
  /** Whether the facts are about its product, but not about the server at its address. */
  readonly isElsewhere: boolean
}

/**
 * Finds what is known of a provider by its id, and by its addresses: an application may call its
 * own server `google` or `line`, whose tokens must not be sent to another, or be treated as there.
 */
function foundFor({ product, isBuiltIn, own, all }: Configured): Found {
  const id = product === 'hydra' ? 'ory-hydra' : product
  const facts = Object.hasOwn(KNOWN, id) ? KNOWN[id] : undefined
  if (facts === undefined) return { facts, isElsewhere: false }
  const addresses = [issuerOf(own), addressIn(own['token']), issuerOf(all), addressIn(all['token'])]
  const hosts = addresses.flatMap((each) =>
    each !== undefined && URL.canParse(each) ? [new URL(each).host] : [],
  )
  if (!isBuiltIn) {
    const isThere = hosts.some((host) => isHostOf(facts, host, false))
    return { facts: isThere ? facts : undefined, isElsewhere: false }
  }
  // The application's own word comes first.
  return { facts, isElsewhere: hosts.length > 0 && !isHostOf(facts, hosts[0]!, true) }
}

/** Whether a host is one of a product's, or of its domain. */
function isHostOf(
  { issuer, tokenEndpoint, parameters = {} }: ProviderFacts,
  host: string,
  isDomainEnough: boolean,
): boolean {
  return [issuer, tokenEndpoint].some((address) => {
    if (address === undefined) return false
    const [, name] = /^https:\/\/([^/]+)/.exec(address) ?? []
    // The whole address is the application's.
    if (name === undefined) return true
    const [, parameter] = /\{(\w+)\}/.exec(name) ?? []
    if (parameter !== undefined) {
      const of = { pattern: '[^.]+', ...parameters[parameter] }
      const [before = '', after = ''] = name.split(`{${parameter}}`)
      const middle = host.slice(before.length, host.length - after.length)
      const isAround = host.startsWith(before) && host.endsWith(after)
      return isAround && new RegExp(`^(?:${of.pattern})$`).test(middle)
    }
    const domain = name.split('.').slice(-2).join('.')
    return host === name || (isDomainEnough && `.${host}`.endsWith(`.${domain}`))
  })
}

/** OpenID Connect has a scope for refresh tokens (Core §11). Of OAuth alone nothing is known. */
export function authorizationNeedsOf(
  configured: Configured,
): ProviderFacts['authorizationRequest'] {
  const { facts } = foundFor(configured)
  if (facts !== undefined) return facts.authorizationRequest
  const { all } = configured
  return all['type'] === 'oidc' || issuerOf(all) !== undefined
    ? OIDC.authorizationRequest
    : undefined
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
  const fetch = fetchIn(configured.own)
  return createRefresher({
    ...(fetch && { fetch }),
    ...shared,
    provider,
    client: { id: clientId, ...(isSent && clientSecret !== '' && { secret: clientSecret }) },
  })
}

/** The application's `[customFetch]`, a symbol of Auth.js 5: its way to the AS, as by a proxy. */
function fetchIn(own: Fields): RefresherOptions['fetch'] | undefined {
  const symbol = Object.getOwnPropertySymbols(own).find(
    ({ description }) => description === 'custom-fetch',
  )
  const custom: unknown = symbol && Reflect.get(own, symbol)
  if (typeof custom !== 'function') return undefined
  return (url, init) => Reflect.apply(custom, undefined, [url, init]) as Promise<Response>
}

/** @throws {TypeError} If a part cannot be derived. Names the line to write. */
function providerFor(configured: Configured): Provider {
  const { id, own, all } = configured
  const { facts, isElsewhere } = foundFor(configured)
  const issuer = issuerOf(all)
  const ownEndpoint = endpointOf(own['token'], id)
  const overrides = defined({
    tokenEndpoint: ownEndpoint,
    clientAuthentication: authenticationOf(all, facts, id),
  })
  if (facts?.id === 'logto' && issuer !== undefined) {
    return logto({ endpoint: issuer, ...overrides })
  }
  const tokenEndpoint = ownEndpoint ?? endpointOf(all['token'], id)
  const values = facts && !isElsewhere ? valuesOf(facts, issuer, tokenEndpoint) : undefined
  if (values !== undefined) return providerOf(facts!, { ...values, ...overrides })
  // What becomes of a spent token is known of the product's own server only.
  const described = { ...withoutAddresses(facts, id), ...(isElsewhere && { reuse: undefined }) }
  if (issuer !== undefined) {
    // Auth.js discovers the rest, and so do we: of the facts all but the addresses is of use.
    const description = { rotation: 'sometimes', ...descriptionOf(described) }
    const address = all['type'] === 'oidc' ? undefined : tokenEndpoint
    const addresses = defined({ issuer: spelled(issuer, facts), tokenEndpoint: address })
    return defineProvider({ ...description, ...addresses } as never, overrides)
  }
  if (tokenEndpoint !== undefined) {
    return defineProvider({ ...descriptionOf(described), tokenEndpoint }, overrides)
  }
  throw cannot(id, 'where its token endpoint is', 'write issuer')
}

function withoutAddresses(facts: ProviderFacts | undefined, id: string): DrivingFacts {
  const none = { issuer: undefined, tokenEndpoint: undefined, revocationEndpoint: undefined }
  const name = id.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-')
  return { verifiedAt: '', id: name, ...facts, ...none, introspectionEndpoint: undefined }
}

/** An issuer as its metadata spells it: Auth.js takes it with and without a slash. */
function spelled(issuer: string, facts: ProviderFacts | undefined): string {
  return facts?.issuer?.endsWith('}/') ? `${issuer.replace(/\/$/, '')}/` : issuer
}

/** An endpoint as Auth.js takes it: an address, or an object with one. */
function endpointOf(endpoint: unknown, id: string): string | undefined {
  if (isRecord(endpoint) && typeof endpoint['request'] === 'function') {
    throw cannot(id, 'what its own token.request sends')
  }
  return addressIn(endpoint)
}

function addressIn(endpoint: unknown): string | undefined {
  const url: unknown = isRecord(endpoint) && !(endpoint instanceof URL) ? endpoint['url'] : endpoint
  return url instanceof URL || typeof url === 'string' ? String(url) : undefined
}

function issuerOf({ issuer, wellKnown }: Fields): string | undefined {
  if (typeof issuer === 'string' && issuer !== '') return issuer
  if (typeof wellKnown !== 'string' || !WELL_KNOWN.test(wellKnown)) return undefined
  return wellKnown.replace(WELL_KNOWN, '')
}

/** As `client.token_endpoint_auth_method` says it; else the facts, or the server's metadata. */
function authenticationOf(
  all: Fields,
  facts: ProviderFacts | undefined,
  id: string,
): ClientAuthentication | undefined {
  const client = isRecord(all['client']) ? all['client'] : {}
  const method = client['token_endpoint_auth_method']
  const isPublic = all['clientSecret'] === undefined
  const wanted = method ?? facts?.clientAuthentication
  if (isPublic && typeof wanted === 'string' && wanted.startsWith('client_secret_')) return 'none'
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
